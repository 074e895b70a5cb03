"""An export of a conversation that goes on: what was there when it began is in it, in pages."""

from datetime import timedelta
from itertools import pairwise
from typing import get_args

import asyncpg
import pytest

from retrieval.changes.erasure.message import erase_message
from retrieval.store.conversations import create_room
from retrieval.store.events import record_events
from retrieval.store.exports import pages
from retrieval.store.exports.conversation import export_conversation, with_end
from retrieval.store.exports.importing import import_records
from retrieval.store.messages import append_messages
from retrieval.store.sessions import save_session
from retrieval.wire import (
    ConversationEvent,
    ConversationId,
    ExportEnd,
    ExportPart,
    ExportRecord,
    ImportedMessage,
    ImportRecords,
    Message,
    SavedSession,
)
from tests.support.builders import NOON, event, message, summary
from tests.support.canaries import tables_with

PARTS: tuple[ExportPart, ...] = get_args(ExportPart)


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    conversation_id, _ = await create_room(db, name="helpdesk")
    return conversation_id


def at(number: int) -> ConversationEvent:
    """Every ten of them at the same time."""
    moment = NOON + timedelta(seconds=number // 10)
    return event(number).model_copy(update={"created_at": moment})


async def test_what_is_stored_meanwhile_takes_nothing_out_of_an_export(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    before = pages.PAGE_MESSAGES * 3
    await append_messages(
        db, conversation_id=room, messages=[message(n) for n in range(before // 2)]
    )
    await append_messages(
        db, conversation_id=room, messages=[message(n) for n in range(before // 2, before)]
    )
    recorded = pages.PAGE_ROWS * 2 + 7
    for first in range(0, recorded, 500):
        batch = [at(n) for n in range(first, min(first + 500, recorded))]
        await record_events(db, conversation_id=room, events=batch)
    for number in range(pages.PAGE_ROWS + 3):
        await save_session(db, session_id=f"s{number}", summary=summary(room))

    found: list[ExportRecord] = []
    later = 10_000
    async for record in with_end(export_conversation(db, conversation_id=room, parts=PARTS)):
        found.append(record)
        if len(found) % 150 == 0:
            # Older than all, and newer; an event before what is read already, and one behind.
            earlier = message(later).model_copy(update={"created_at": NOON - timedelta(days=1)})
            await append_messages(db, conversation_id=room, messages=[earlier, message(later + 1)])
            moments = [NOON - timedelta(days=1), NOON + timedelta(days=1)]
            added = [
                event(later + n).model_copy(update={"created_at": moment})
                for n, moment in enumerate(moments)
            ]
            await record_events(db, conversation_id=room, events=added)
            later += 2

    said = [one for one in found if isinstance(one, Message)]
    assert {f"m{n}" for n in range(before)} <= {one.id for one in said}
    assert all(one.seq + 1 == next_.seq for one, next_ in pairwise(said))
    events = [one.id for one in found if isinstance(one, ConversationEvent)]
    assert {f"e{n}" for n in range(recorded)} <= {*events}
    assert len(events) == len({*events})
    sessions = [one.id for one in found if isinstance(one, SavedSession)]
    assert len(sessions) == len({*sessions}) == pages.PAGE_ROWS + 3
    assert found[-1] == ExportEnd(
        conversations=1, messages=len(said), events=len(events), sessions=len(sessions)
    )


async def test_what_is_erased_between_two_pages_takes_nothing_else_along(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    count = pages.PAGE_MESSAGES * 2 + 10
    await append_messages(db, conversation_id=room, messages=[message(n) for n in range(count)])
    found: list[str] = []
    async for record in export_conversation(db, conversation_id=room, parts=["messages"]):
        assert isinstance(record, Message)
        found.append(record.id)
        if len(found) == 5:  # the last of this page, and the first of the next
            for number in (pages.PAGE_MESSAGES - 1, pages.PAGE_MESSAGES):
                await erase_message(db, conversation_id=room, message_id=f"m{number}")
    missing = {f"m{n}" for n in range(count)} - {*found}
    assert missing == {f"m{pages.PAGE_MESSAGES}"}


async def test_an_event_that_quotes_what_was_erased_is_not_imported_again(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    canary = "zyxomelon"
    said = ImportedMessage(**dict(message(1, f"The {canary} is here.")))
    quoting = ConversationEvent(
        id="quoting",
        kind="error",
        created_at=NOON + timedelta(minutes=1),
        data={"text": f"cannot answer: the {canary} is here."},
    )
    records = ImportRecords(messages=[said], events=[quoting, event(2)])
    await import_records(db, conversation_id=room, records=records)
    await erase_message(db, conversation_id=room, message_id="m1")
    assert await tables_with(db, [canary]) == {}

    other, _ = await create_room(db, name="other")
    for target in (room, other):
        again = ImportRecords(events=[quoting, event(2)], origin=room)
        await import_records(db, conversation_id=target, records=again)

    assert await tables_with(db, [canary]) == {}
    assert await db.fetchval("select count(*) from conversation_event") == 2
