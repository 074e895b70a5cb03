"""Stores and embeds the conversations of a data set with the production code."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from longroom.evaluation.questions import Dialogue, shared_id
from longroom.progress import SILENT, ProgressBars
from retrieval.embedders import Embedder
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.model_registry import ensure_model, pending_counts
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.weights import STRETCH_GAP_S
from retrieval.wire import MAX_BATCH_MESSAGES, ConversationId, MessageCreate

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record


async def fill_rooms(
    db: "asyncpg.Pool[Record]",
    embedder: Embedder,
    dialogues: Sequence[Dialogue],
    *,
    progress: ProgressBars = SILENT,
) -> dict[str, ConversationId]:
    rooms = {}
    with progress.step("storing", sum(len(dialogue.messages) for dialogue in dialogues)) as stored:
        for dialogue in dialogues:
            rooms[dialogue.name] = await _fill(
                db, room=dialogue.name, messages=dialogue.messages, stored=stored
            )
    await _embed(db, embedder, progress)
    return rooms


async def fill_shared_room(
    db: "asyncpg.Pool[Record]",
    embedder: Embedder,
    dialogues: Sequence[Dialogue],
    *,
    filler: Sequence[MessageCreate],
    progress: ProgressBars = SILENT,
) -> dict[str, ConversationId]:
    """One room for all dialogues and the filler, their stretches interleaved by date."""
    sources = [
        [
            message.model_copy(update={"id": shared_id(dialogue.name, message.id)})
            for message in dialogue.messages
        ]
        for dialogue in dialogues
    ]
    blocks = [block for source in [*sources, filler] for block in _stretches(source)]
    blocks.sort(key=lambda block: block[0].created_at)
    everything = [message for block in blocks for message in block]
    with progress.step("storing", len(everything)) as stored:
        conversation_id = await _fill(db, room="shared", messages=everything, stored=stored)
    await _embed(db, embedder, progress)
    return {dialogue.name: conversation_id for dialogue in dialogues}


def _stretches(messages: Sequence[MessageCreate]) -> list[list[MessageCreate]]:
    """Split at gaps of STRETCH_GAP_S: the stretches of several sources must not mix."""
    blocks: list[list[MessageCreate]] = []
    for before, message in zip([None, *messages], messages, strict=False):
        if before is None or _apart(before, message):
            blocks.append([])
        blocks[-1].append(message)
    return blocks


def _apart(earlier: MessageCreate, later: MessageCreate) -> bool:
    return (later.created_at - earlier.created_at).total_seconds() > STRETCH_GAP_S


async def _fill(
    db: "asyncpg.Pool[Record]",
    *,
    room: str,
    messages: Sequence[MessageCreate],
    stored: Callable[[int], object],
) -> ConversationId:
    conversation_id, _ = await create_room(db, name=room)
    for start in range(0, len(messages), MAX_BATCH_MESSAGES):
        batch = messages[start : start + MAX_BATCH_MESSAGES]
        await append_messages(db, conversation_id=conversation_id, messages=batch)
        stored(len(batch))
    return conversation_id


async def _embed(db: "asyncpg.Pool[Record]", embedder: Embedder, progress: ProgressBars) -> None:
    model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
    # No message follows: the newest need not wait for a successor.
    worker = EmbeddingWorker(db, embedder, model, limits=BatchLimits(quiet=timedelta(0)))
    counts = await pending_counts(db, model_id=model.model_id)
    with progress.countdown("embedding", counts.pending) as show_pending:
        await worker.drain(on_pending=show_pending)
        show_pending(0)
