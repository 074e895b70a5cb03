"""An evaluation from a file to its figures."""

import asyncio
import json
import re
from dataclasses import fields
from datetime import timedelta
from io import StringIO
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console

from longroom.evaluation.baselines import Query, rank_baselines
from longroom.evaluation.datasets import read_dataset
from longroom.evaluation.evaluate import Plan, evaluate
from longroom.evaluation.jsonl import DatasetUnreadable
from longroom.evaluation.rooms import fill_rooms
from longroom.evaluation.run import Asking
from longroom.evaluation.table import table
from longroom.progress import ProgressBars
from retrieval.weights import Weights
from tests.support.builders import NOON
from tests.support.fakes import HashEmbedder

FACTS = {
    "blue": [("ana", "my kite is red"), ("bob", "my boat is green"), ("ana", "nice boat")],
    "cup": [("cleo", "I broke a cup"), ("dan", "I lost a spoon"), ("cleo", "poor spoon")],
}
QUESTIONS = [
    ("blue", "What colour is ana's kite?", "ana", ["blue-0"], True),
    ("blue", "What colour is bob's boat?", "bob", ["blue-1"], True),
    ("cup", "What did cleo break?", "cleo", ["cup-0"], True),
    ("cup", "What did cleo sell on Mars?", "cleo", [], False),
]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    messages = [
        {
            "kind": "message",
            "conversation": name,
            "id": f"{name}-{number}",
            "participant": participant,
            "role": "user",
            "created_at": (NOON + timedelta(minutes=number)).isoformat(),
            "content": content,
        }
        for name, said in FACTS.items()
        for number, (participant, content) in enumerate(said)
    ]
    questions = [
        {
            "kind": "question",
            "conversation": name,
            "text": text,
            "subject": subject,
            "evidence": evidence,
            "category": name,
            "answerable": answerable,
        }
        for name, text, subject, evidence, answerable in QUESTIONS
    ]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in [*messages, *questions]))
    return path


async def test_everything_is_measured_and_nothing_is_left_behind(
    database_url: str, db: asyncpg.Pool, dataset: Path
) -> None:
    plan = Plan(dataset, form="jsonl", phrasing="first", ablate=True, peers=True, fit=True)

    result = await evaluate(database_url, HashEmbedder(), plan)

    assert result["questions"] == 3
    assert result["messages_by_room"] == {"blue": 3, "cup": 3}
    assert "6 messages in 2 room(s) of 3\n" in table(result)
    assert result["r5_micro"] == 100
    assert set(result["r10_by_category"]) == {"blue", "cup"}
    assert set(result["without"]) == {part.name for part in fields(Weights)}
    assert set(result["baselines"]) == {"newest", "pgvector", "bm25", "rrf60"}
    assert result["auroc_small_talk"] > 0.99
    assert set(result["fit"]["weights"]) == {part.name for part in fields(Weights)}
    assert result["fit"]["r10_left_out"] == 100
    assert "weights of the others 100" in table(json.loads(json.dumps(result)))
    assert "R@10" in table(result)
    assert await db.fetchval("select count(*) from conversation") == 0
    left = "select count(*) from pg_database where datname like 'longroom_evaluation_%'"
    async with asyncio.timeout(60):  # other tests of the run may be evaluating
        while await db.fetchval(left):  # noqa: ASYNC110  # the server is polled
            await asyncio.sleep(0.2)


async def test_baselines_rank_the_messages_of_the_room(db: asyncpg.Pool, dataset: Path) -> None:
    dialogues = read_dataset(dataset, form="jsonl")
    rooms = await fill_rooms(db, HashEmbedder(), dialogues)
    asking = Asking(db, HashEmbedder(), rooms)

    ranked = await rank_baselines(asking, [Query("blue", "is my boat green?"), Query("cup", "hi")])

    newest, _ = ranked["newest"]
    assert [one for one, _ in newest] == ["blue-2", "blue-1", "blue-0"]
    vectors, _ = ranked["pgvector"]
    assert (vectors[0][0], len(vectors)) == ("blue-1", 3)
    words, nothing = ranked["bm25"]
    assert [one for one, _ in words] == ["blue-1", "blue-2"]
    assert nothing == []
    fused, _ = ranked["rrf60"]
    assert fused[0] == ("blue-1", 2 / 61)


async def test_a_terminal_is_shown_each_step_to_its_end(database_url: str, dataset: Path) -> None:
    terminal = Console(file=StringIO(), force_terminal=True, width=100)
    progress = ProgressBars(terminal)

    await evaluate(database_url, HashEmbedder(), Plan(dataset, form="jsonl"), progress=progress)

    assert isinstance(terminal.file, StringIO)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.file.getvalue())
    for step, parts in (("storing", 6), ("embedding", 6), ("asking", 4)):
        assert re.search(rf"{step} \S+ {parts}/{parts}\b", shown), step


async def test_all_conversations_can_share_a_room_with_filler(
    database_url: str, dataset: Path, tmp_path: Path
) -> None:
    filler = tmp_path / "filler.jsonl"
    lines = [
        {
            "id": f"f{number}",
            "participant": f"guest{number % 7}",
            "role": "user",
            "created_at": "2020-01-01T00:00:00Z",
            "content": f"small words about the weather number {number}",
        }
        for number in range(1100)
    ]
    filler.write_text("\n".join(map(json.dumps, lines)))

    result = await evaluate(
        database_url,
        HashEmbedder(),
        Plan(dataset, form="jsonl", room_size=1100, filler=filler),
    )

    assert result["r10_micro"] == 100
    assert result["messages_by_room"] == {"shared": 1100}
    assert result["evidence_unknown"] == 0


@pytest.fixture
def followed(dataset: Path) -> Path:
    """One more question, which has an answer in two messages."""
    more = {
        "kind": "question",
        "conversation": "blue",
        "text": "Which boat or kite did ana speak of?",
        "subject": "ana",
        "evidence": ["blue-0", "blue-2"],
    }
    dataset.write_text(dataset.read_text() + "\n" + json.dumps(more))
    return dataset


async def test_follow_ups_are_made_of_the_questions_and_asked_with_their_window(
    database_url: str, followed: Path
) -> None:
    plan = Plan(followed, form="jsonl", follow_ups=True)

    result = await evaluate(database_url, HashEmbedder(), plan)

    more = result["follow_ups"]["more"]
    assert more["questions"] == 1
    assert more["r10_with_window"] == more["r10_whole_question"] == 100
    alone = result["follow_ups"]["alone"]
    assert alone["r10_with_window"] == alone["r10_without_window"]
    assert "R@10 of follow-ups" in table(result)
    assert result["first_person"]["r10_micro"] == 100
    assert "in first person: R@10 100.0" in table(result)


@pytest.fixture
def dangling(dataset: Path) -> Path:
    """One question names a message that is not there."""
    dataset.write_text(dataset.read_text().replace('"blue-0"]', '"blue-0", "gone"]'))
    return dataset


async def test_evidence_that_names_no_message_is_told(database_url: str, dangling: Path) -> None:
    result = await evaluate(database_url, HashEmbedder(), Plan(dangling, form="jsonl"))
    assert result["evidence_unknown"] == 1
    assert "names no message: 1" in table(result)


async def test_a_file_of_another_format_is_refused_before_anything_is_made(
    database_url: str, dataset: Path
) -> None:
    with pytest.raises(DatasetUnreadable, match="locomo"):
        await evaluate(database_url, HashEmbedder(), Plan(dataset, form="locomo"))
