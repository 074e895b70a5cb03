"""What spoken turns are compared with gets the same, and is judged by the same."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest

from benchmarks import evidence, turn_peers
from benchmarks.peers.spoken import apart
from benchmarks.peers.spoken.memory import Exchange, Job
from benchmarks.peers.spoken.model_server import facts, model_server
from benchmarks.results import _turn
from longroom import demo_room
from longroom.evaluation.questions import Dialogue, LabelledQuestion
from retrieval.embedders import Embedder, open_embedder
from retrieval.settings import EmbeddingSettings
from retrieval.wire import MessageCreate, MessageId, Role
from testbed.backend_process import BackendProcess
from testbed.postgres import create_database, running_server


def said(id_: str, content: str, role: Role = "user") -> MessageCreate:
    return MessageCreate(
        id=MessageId(id_),
        role=role,
        participant="Ada" if role == "user" else "agent",
        content=content,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_job_survives_the_way_to_another_environment() -> None:
    said = [Exchange("Ada: hi", "Hello."), Exchange("Ada: bye")]
    job = Job("me", "http://store", exchanges=said, turns=["one"], questions=["two"], sessions=3)

    assert Job.from_json(job.to_json()) == job


def test_an_exchange_is_what_a_person_said_and_the_answer_that_came_next() -> None:
    messages = [said("1", "one"), said("2", "two"), said("3", "yes", "assistant")]

    assert evidence.exchanges(messages) == [
        Exchange("Ada: one"),
        Exchange("Ada: two", "yes"),
    ]


def test_an_answer_without_a_question_belongs_to_no_exchange() -> None:
    assert evidence.exchanges([said("1", "welcome", "assistant")]) == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Ada: I like tea", True),
        ("User (2026-01-01): Ada: I like tea\nAssistant: Noted.", True),
        ("Ada: I like", True),
        ("Ada", False),
        ("Ben: I like tea", False),
    ],
)
def test_a_text_shows_a_message_that_it_has_or_begins(text: str, seen: bool) -> None:
    assert evidence.shows(text, "Ada: I like tea") is seen


def test_found_evidence_is_counted_over_all_questions() -> None:
    messages = [said(str(number), f"fact number {number}") for number in range(3)]
    questions = [
        LabelledQuestion("a", None, ("0", "1"), "all", answerable=True),
        LabelledQuestion("b", None, ("2",), "all", answerable=True),
    ]
    found = [["Ada: fact number 0"], ["Ada: fact number 2\nAda: fact number 1"]]

    figures = evidence.figures(Dialogue("room", messages, questions), found)

    assert figures == {"evidence_in_ten": 0.6667, "messages_in_ten": 1.5, "questions": 2}


def test_every_question_about_the_demo_room_has_evidence_that_was_said() -> None:
    dialogue = evidence.demo_dialogue(190)
    people = {message.id for message in dialogue.messages if message.role == "user"}

    assert {question.text for question in dialogue.questions} == set(demo_room.QUESTIONS)
    assert all(people.issuperset(question.evidence) for question in dialogue.questions)


def test_facts_are_what_the_user_said_word_for_word() -> None:
    messages = [{"role": "user", "content": "I like\ntea"}, {"role": "assistant", "content": "Oh"}]
    prompt = f"Existing Memories: []\nNew Messages:\n{json.dumps(messages)}\nCurrent Date: today"

    assert json.loads(facts(prompt))["memory"] == [{"id": "0", "text": "I like\ntea"}]
    assert facts("What is to be updated?") == "{}"


def test_facts_of_a_transcript_are_its_messages() -> None:
    said = (
        "User (2026-01-01T10:00:00+00:00): Ada: tea\nor milk\nAssistant (2026-01-01T10:00:01): Oh"
    )

    answer = json.loads(facts(f"Context: none\n\nContent:\n{said}"))

    assert [fact["what"] for fact in answer["facts"]] == ["Ada: tea\nor milk", "Oh"]


async def test_peers_get_the_embeddings_of_our_model() -> None:
    embedder: Embedder = open_embedder(EmbeddingSettings())
    try:
        async with model_server(embedder) as models, httpx.AsyncClient() as client:
            asked = {"model": "local", "input": ["one", "two"]}
            answer = (await client.post(f"{models.url}/embeddings", json=asked)).json()
            expected = await embedder.embed(["one", "two"], kind="document")
    finally:
        await embedder.aclose()

    found = np.array([one["embedding"] for one in answer["data"]])
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_memory_that_is_not_installed_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(apart, "ENVIRONMENTS", tmp_path)

    with pytest.raises(apart.PeerMissing, match="make bench-turn"):
        apart.run_step("voicemem", "ask", Job("me", "nowhere"))


def test_a_step_that_fails_tells_what_its_process_wrote() -> None:
    with pytest.raises(apart.PeerFailed, match="backend is unavailable"):
        apart.run_step("ours", "stored", Job("me", "no address", folder="/nowhere"))


async def test_ours_is_asked_and_killed_like_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_peers, "PAUSE_S", 0.0)
    monkeypatch.setattr(turn_peers, "SETTLED_S", 0.0)
    messages = [said("1", "My bicycle is green."), said("2", "Lunch is at noon.")]
    question = LabelledQuestion("Which colour has the bicycle?", None, ("1",), "all", True)
    comparison = turn_peers.Comparison(
        (), (), 1, Dialogue("room", messages, [question]), kills=1, kill_after_s=1.0
    )
    with running_server(in_memory=True) as postgres:
        database = postgres.database_url(await create_database(postgres))
        with BackendProcess({"DATABASE_URL": database}) as backend:
            row = await turn_peers.ours(comparison, backend=backend.url(), folder=tmp_path)

    assert (row["evidence_in_ten"], row["handed"], row["lost"]) == (1.0, 2, 0)


def test_the_table_names_what_did_not_take_part() -> None:
    times = {"added_ms": {"p50": 1.0}}
    result = {
        "history": 5,
        "ours": times,
        "peer": {**times, "version": "peer 1.0", "absent": ["a model"]},
        "not_run": turn_peers.reasons(),
    }

    page = "\n\n".join(_turn(result))

    assert "| peer | 1 |" in page
    assert "- peer (peer 1.0) took part without: a model." in page
    for name in ("livekit-memorysync", "zep-livekit"):
        assert re.search(rf"^- {name} [\d.]+ did not run: .+\.$", page, re.MULTILINE)


def test_ours_runs_in_our_own_environment() -> None:
    assert apart.program("ours") == Path(sys.executable)
