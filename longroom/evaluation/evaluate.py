"""One evaluation, from the data set to the figures."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from longroom.evaluation.baselines import ask_baselines
from longroom.evaluation.datasets import Format, read_dataset, read_messages
from longroom.evaluation.fitting import fit
from longroom.evaluation.follow_ups import measure_follow_ups
from longroom.evaluation.jsonl import DatasetUnreadable
from longroom.evaluation.misses import MOST_MISSES, missed
from longroom.evaluation.questions import Dialogue, Phrasing, shared_id
from longroom.evaluation.report import figures, silence
from longroom.evaluation.rooms import fill_rooms, fill_shared_room
from longroom.evaluation.run import Asking, ask_all, ask_small_talk, ask_strangers
from longroom.evaluation.scratch import scratch_database
from longroom.progress import SILENT, ProgressBars
from retrieval.embedders import Embedder
from retrieval.weights import WEIGHTS
from retrieval.wire import MessageCreate, MessageId

BLOCK_MESSAGES = 60
BLOCK_SPACING = timedelta(seconds=20)


@dataclass(frozen=True)
class Plan:
    """`room_size` puts all conversations into one room, filled up with messages of `filler`.

    `most_misses`: how many questions that missed are listed, None: all.
    """

    file: Path
    form: Format = "locomo"
    phrasing: Phrasing = "third"
    ablate: bool = False
    peers: bool = False
    fit: bool = False
    follow_ups: bool = False
    room_size: int | None = None
    filler: Path | None = None
    most_misses: int | None = MOST_MISSES


async def evaluate(
    url: str, embedder: Embedder, plan: Plan, *, progress: ProgressBars = SILENT
) -> dict[str, Any]:
    """In a temporary database on the server at `url`. Raises DatasetUnreadable."""
    return await measure(url, embedder, plan, labelled(plan), progress=progress)


def labelled(plan: Plan) -> list[Dialogue]:
    """The conversations of `plan`, in its phrasing. Raises DatasetUnreadable."""
    dialogues = read_dataset(plan.file, form=plan.form)
    if not any(one.evidence and one.answerable for d in dialogues for one in d.questions):
        raise DatasetUnreadable(f"{plan.file}: no question has an answer and its evidence")
    if plan.phrasing == "first":
        return [dialogue.in_first_person() for dialogue in dialogues]
    return dialogues


async def measure(
    url: str,
    embedder: Embedder,
    plan: Plan,
    dialogues: Sequence[Dialogue],
    *,
    progress: ProgressBars = SILENT,
) -> dict[str, Any]:
    """Of what `labelled` gives. Raises DatasetUnreadable: of the filler."""
    async with scratch_database(url) as db:
        if plan.room_size is None:
            rooms = await fill_rooms(db, embedder, dialogues, progress=progress)
        else:
            filler = _filler(dialogues, plan)
            rooms = await fill_shared_room(
                db, embedder, dialogues, filler=filler, progress=progress
            )
            dialogues = [_with_shared_ids(dialogue) for dialogue in dialogues]
        await db.execute("vacuum analyze")
        return await _measure(Asking(db, embedder, rooms, progress=progress), dialogues, plan)


async def _measure(asking: Asking, dialogues: Sequence[Dialogue], plan: Plan) -> dict[str, Any]:
    answers = await ask_all(asking, dialogues)
    result: dict[str, Any] = {"phrasing": plan.phrasing, **figures(answers)}
    result["messages_by_room"] = await _room_sizes(asking)
    result["evidence_unknown"] = sum(_unknown_evidence(dialogue) for dialogue in dialogues)
    result |= missed(answers, most=plan.most_misses)
    if plan.phrasing == "third":
        own_voice = [dialogue.in_first_person() for dialogue in dialogues]
        result["first_person"] = figures(await ask_all(asking, own_voice))
    if plan.room_size is None:
        result |= silence(
            answers,
            strangers=await ask_strangers(asking, dialogues),
            small_talk=await ask_small_talk(asking, dialogues),
        )
    if plan.peers:
        baselines = await ask_baselines(asking, dialogues)
        result["baselines"] = {name: figures(theirs) for name, theirs in baselines.items()}
    if plan.ablate:
        result["without"] = await _ablate(asking, dialogues)
    if plan.fit:
        explained = await ask_all(replace(asking, explain=True), dialogues)
        result["fit"] = fit(explained, start=WEIGHTS)
    if plan.follow_ups:
        result["follow_ups"] = await measure_follow_ups(asking, dialogues)
    return result


def _unknown_evidence(dialogue: Dialogue) -> int:
    """Evidence ids without a message: they cap the achievable recall."""
    known = {str(message.id) for message in dialogue.messages}
    return sum(one not in known for question in dialogue.questions for one in question.evidence)


ROOM_SIZES = """
select room, message_count from conversation order by room
"""


async def _room_sizes(asking: Asking) -> dict[str, int]:
    return {row["room"]: row["message_count"] for row in await asking.db.fetch(ROOM_SIZES)}


async def _ablate(asking: Asking, dialogues: Sequence[Dialogue]) -> dict[str, dict[str, object]]:
    without = {}
    for part in fields(WEIGHTS):
        reduced = replace(asking, weights=replace(WEIGHTS, **{part.name: 0.0}))
        without[part.name] = figures(await ask_all(reduced, dialogues))
    return without


def _with_shared_ids(dialogue: Dialogue) -> Dialogue:
    def shared(one: str) -> MessageId:
        return shared_id(dialogue.name, one)

    return replace(
        dialogue,
        messages=[one.model_copy(update={"id": shared(one.id)}) for one in dialogue.messages],
        questions=[
            replace(question, evidence=tuple(map(shared, question.evidence)))
            for question in dialogue.questions
        ],
    )


def _filler(dialogues: Sequence[Dialogue], plan: Plan) -> list[MessageCreate]:
    """Filler messages in blocks, spread evenly over the time of the dialogues."""
    own = sum(len(dialogue.messages) for dialogue in dialogues)
    wanted = (plan.room_size or 0) - own
    if wanted <= 0 or plan.filler is None:
        return []
    times = [message.created_at for dialogue in dialogues for message in dialogue.messages]
    messages = read_messages(plan.filler, first=wanted)
    step = (max(times) - min(times)) / (len(messages) // BLOCK_MESSAGES + 1)
    return [
        message.model_copy(update={"created_at": _filler_time(number, min(times), step)})
        for number, message in enumerate(messages)
    ]


def _filler_time(number: int, start: datetime, step: timedelta) -> datetime:
    block, place = divmod(number, BLOCK_MESSAGES)
    return start + block * step + place * BLOCK_SPACING
