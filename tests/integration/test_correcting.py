"""A corrected message is as if it had been said so; only its sender may still send the original."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import asyncpg
import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.changes.correction import correct_message, earlier_versions
from retrieval.changes.erasure.message import erase_message
from retrieval.embeddings.batch import BatchLimits, EmbeddingBatches
from retrieval.embeddings.model_registry import ensure_model
from retrieval.errors import MessageConflict, MessageNotFound, MessagesErased
from retrieval.search.candidates import SMALL_CONVERSATION
from retrieval.store.changes import changes
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages, recent_messages
from retrieval.wire import ConversationId, Message
from tests.integration.test_erasing import room_with, state, words_nobody_said
from tests.integration.test_order_by_time import said
from tests.support.builders import message
from tests.support.canaries import tables_with
from tests.support.fakes import HashEmbedder
from tests.support.searches import embed_all, ids, search

OLD = "The zyxomelon is under the stairs."
NEW = "The kettle stands in the attic, near 4711."


async def correct(
    db: asyncpg.Pool,
    room: ConversationId,
    message_id: str,
    content: str = NEW,
    *,
    keep: bool = False,
    **metadata: str,
) -> Message:
    return await correct_message(
        db,
        conversation_id=room,
        message_id=message_id,
        content=content,
        metadata=metadata or None,
        keep_edits=keep,
    )


@pytest.mark.parametrize("count", [160, SMALL_CONVERSATION + 120])
async def test_after_a_correction_a_conversation_is_as_if_it_had_been_said_so(
    db: asyncpg.Pool, count: int
) -> None:
    messages = said(count)
    changed = [*messages]
    room = await room_with(db, messages)
    for place in (0, 70, 71, 159):
        changed[place] = messages[place].model_copy(update={"content": f"{NEW} {place}"})
        await correct(db, room, messages[place].id, f"{NEW} {place}")
    await embed_all(db)

    other = await room_with(db, changed, name="other")
    assert await state(db, room) == await state(db, other)
    assert await words_nobody_said(db, room) == []


async def test_a_correction_is_found_at_once_and_what_it_replaces_is_not(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1, "Hello there."), message(2, OLD), message(3, "Bye.")])

    corrected = await correct(db, room, "m2", label="new")

    assert corrected.edited_at is not None
    assert await tables_with(db, ["zyxomelon"]) == {}
    assert ids(await search(db, room, "Where does the kettle stand?"))[0] == "m2"
    found = await search(db, room, "zyxomelon under the stairs", explain=True)
    assert all("vector" not in hit.found_by for hit in found.hits if hit.message.id == "m2")
    assert ids(await search(db, room, "what", metadata={"label": "new"})) == ["m2"]
    assert found.revision == 1
    page = await recent_messages(db, conversation_id=room, limit=5)
    assert [one.edited_at for one in page.messages] == [None, corrected.edited_at, None]


async def test_a_sender_may_send_the_original_again(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1, OLD)])
    corrected = await correct(db, room, "m1")
    await correct(db, room, "m1", "And once more.")

    again = await append_messages(db, conversation_id=room, messages=[message(1, OLD)])
    assert again.outcomes[0].status == "duplicate"
    now = message(1, "And once more.")
    assert (await append_messages(db, conversation_id=room, messages=[now])).outcomes[
        0
    ].status == "duplicate"
    with pytest.raises(MessageConflict):
        await append_messages(db, conversation_id=room, messages=[message(1, corrected.content)])
    page = await recent_messages(db, conversation_id=room, limit=5)
    assert [one.content for one in page.messages] == ["And once more."]


async def test_a_late_agent_that_sends_the_original_answer_brings_nothing_back(
    db: asyncpg.Pool,
) -> None:
    room, _ = await create_room(db, name="room")
    answer = message(1, OLD, participant="agent", role="assistant")
    await append_messages(
        db, conversation_id=room, messages=[answer.model_copy(update={"epoch": 1})]
    )
    await correct(db, room, "m1")

    late = answer.model_copy(update={"epoch": 0, "created_at": answer.created_at})
    result = await append_messages(db, conversation_id=room, messages=[late])

    assert result.outcomes[0].status == "duplicate"
    assert await tables_with(db, ["zyxomelon"]) == {}


async def test_correcting_to_the_same_changes_nothing(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1, OLD)])
    first = await correct(db, room, "m1")

    assert await correct(db, room, "m1") == first
    assert (await changes(db, conversation_id=room, after=0, limit=10)).revision == 1


async def test_earlier_versions_are_kept_if_asked_for_and_erased_with_the_message(
    db: asyncpg.Pool,
) -> None:
    room = await room_with(db, [message(1, OLD, metadata={"n": 1}), message(2)])
    await correct(db, room, "m1", "Second.", keep=True)
    await correct(db, room, "m1", "Third.", keep=True, label="x")

    kept = await earlier_versions(db, conversation_id=room, message_id="m1")
    assert [(one.content, one.metadata) for one in kept.edits] == [
        (OLD, {"n": 1}),
        ("Second.", {"n": 1}),
    ]
    assert (await earlier_versions(db, conversation_id=room, message_id="m2")).edits == []
    with pytest.raises(MessageNotFound):
        await earlier_versions(db, conversation_id=room, message_id="m9")

    receipt = await erase_message(db, conversation_id=room, message_id="m1")
    assert receipt.rows["message_edit"] == 2
    assert await tables_with(db, ["zyxomelon", "second", "third"]) == {}
    with pytest.raises(MessagesErased):
        await correct(db, room, "m1")
    with pytest.raises(MessageNotFound):
        await correct(db, room, "m9")


async def test_changes_are_told_in_order_each_once_and_in_pages(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(number) for number in range(1, 6)])
    await correct(db, room, "m1", "First.")
    await erase_message(db, conversation_id=room, message_id="m2")
    await correct(db, room, "m3", "Third.")
    await correct(db, room, "m1", "First again.")

    told = await changes(db, conversation_id=room, after=0, limit=10)
    assert [(one.revision, one.kind) for one in told.changes] == [
        (2, "erased"),
        (3, "corrected"),
        (4, "corrected"),
    ]
    assert told.changes[0].seq == 2
    assert told.changes[2].message is not None
    assert told.changes[2].message.content == "First again."
    assert (told.revision, told.more) == (4, False)
    page = await changes(db, conversation_id=room, after=2, limit=1)
    assert ([one.revision for one in page.changes], page.more) == ([3], True)
    assert (await changes(db, conversation_id=room, after=4, limit=10)).changes == []


class SlowEmbedder(HashEmbedder):
    """Waits in the middle of its first batch."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.may_end = asyncio.Event(), asyncio.Event()

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "document"]
    ) -> NDArray[np.float32]:
        self.began.set()
        await self.may_end.wait()
        return await super().embed(texts, kind=kind)


async def test_a_message_that_is_corrected_while_it_is_embedded_gets_its_new_embedding(
    db: asyncpg.Pool,
) -> None:
    embedder = SlowEmbedder()
    model = await ensure_model(db, name="hash", dimension=64)
    room, _ = await create_room(db, name="room")
    await append_messages(db, conversation_id=room, messages=[message(1, OLD), message(2)])
    limits = BatchLimits(quiet=timedelta(0))
    batch = asyncio.create_task(EmbeddingBatches(db, embedder, model, limits).run_one(room))
    await embedder.began.wait()
    await correct(db, room, "m1")
    embedder.may_end.set()
    await batch
    await embed_all(db)

    other = await room_with(db, [message(1, NEW), message(2)], name="other")
    assert await state(db, room) == await state(db, other)
