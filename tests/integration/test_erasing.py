"""What is erased is nowhere any more, and the rest is as if it had never been said."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.everywhere import erase_everywhere
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.changes.erasure.sweep import sweep
from retrieval.embeddings.context_vectors import QUIET
from retrieval.embeddings.model_registry import ensure_model
from retrieval.errors import ConversationNotFound, MessageNotFound, MessagesErased
from retrieval.search.candidates import SMALL_CONVERSATION
from retrieval.store.conversations import create_conversation, create_room, join_conversation
from retrieval.store.events import newest_events, record_events
from retrieval.store.indexes.reindexing import BATCH_MESSAGES, reindex
from retrieval.store.messages import append_messages, recent_messages
from retrieval.store.sessions import save_session
from retrieval.wire import (
    ConversationEvent,
    ConversationId,
    ErasureReceipt,
    EventKind,
    MessageCreate,
)
from tests.integration.test_order_by_time import said
from tests.support.builders import NOON, message, summary
from tests.support.canaries import tables_of, tables_with
from tests.support.searches import embed_all, search, store

CANARY = "zyxomelon"
CODE = "QX-77-419300817"
SECRET = f"The {CANARY} is under the stairs, number {CODE}, and my café key is there."


def event(
    number: int,
    kind: EventKind,
    text: str,
    *,
    participant: str | None = None,
    seconds: int = 0,
    **data: object,
) -> ConversationEvent:
    return ConversationEvent.model_validate(
        {
            "id": f"e{number}",
            "kind": kind,
            "created_at": NOON + timedelta(minutes=number, seconds=seconds),
            "participant": participant,
            "data": {"text": text, **data},
        }
    )


async def room_with(
    db: asyncpg.Pool, messages: Sequence[MessageCreate], *, name: str = "room"
) -> ConversationId:
    await ensure_model(db, name="hash", dimension=64)
    conversation_id, _ = await create_room(db, name=name)
    await store(db, conversation_id, messages)
    return conversation_id


async def state(db: asyncpg.Pool, conversation_id: ConversationId) -> dict[str, object]:
    """All that a conversation has, whatever the numbers of its messages."""
    terms = await db.fetch(
        """
        select message_id, lexeme, passage, occurrences, passage_words
          from message_term join message using (conversation_id, seq)
         where conversation_id = $1 order by 1, 2, 3
        """,
        conversation_id,
    )
    vectors = await db.fetch(
        """
        select message_id, smoothed, passage, embedding::text
          from message_embedding join message using (conversation_id, seq)
         where conversation_id = $1 order by 1, 2, 3
        """,
        conversation_id,
    )
    counts = await db.fetchrow(
        """
        select message_count, passage_count, word_count, newest_at,
               (select message_id from message m
                 where m.conversation_id = c.conversation_id and m.seq = c.newest_seq) as newest
          from conversation c where conversation_id = $1
        """,
        conversation_id,
    )
    names = await db.fetch(
        "select name, identity from participant_name where conversation_id = $1 order by 1, 2",
        conversation_id,
    )
    metadata = await db.fetch(
        """
        select message_id, entry from message_metadata join message using (conversation_id, seq)
         where conversation_id = $1 order by 1, 2
        """,
        conversation_id,
    )
    return {
        "terms": terms,
        "vectors": vectors,
        "counts": counts,
        "names": names,
        "metadata": metadata,
        "pending": await db.fetchval("select count(*) from embedding_job"),
    }


async def words_nobody_said(db: asyncpg.Pool, conversation_id: ConversationId) -> list[str]:
    contents = await db.fetchval(
        "select string_agg(lower(content || ' ' || participant), ' ') from message"
        " where conversation_id = $1",
        conversation_id,
    )
    known = await db.fetch(
        "select word from vocabulary where conversation_id = $1", conversation_id
    )
    return [row["word"] for row in known if row["word"] not in (contents or "")]


SIZES = {"small": 160, "large": SMALL_CONVERSATION + 120}
PLACES = {
    "first": [0],
    "last": [-1],
    "middle": [77],
    "a run": [40, 41, 42, 43],
    "here and there": [1, 3, 50, 52, 159, 120],
}


@pytest.mark.parametrize("count", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
async def test_after_an_erasure_a_conversation_is_as_if_it_had_never_been_said(
    db: asyncpg.Pool, count: int, places: list[int]
) -> None:
    messages = said(count)
    erased = [messages[place] for place in places]
    rest = [one for one in messages if one not in erased]
    room = await room_with(db, messages)
    other = await room_with(db, rest, name="other")

    for one in erased:
        await erase_message(db, conversation_id=room, message_id=one.id)

    assert await state(db, room) == await state(db, other)
    assert await words_nobody_said(db, room) == []
    for query in ("lama torb", "velc?", "Who was in Lisbon?", "what did ana say about quid"):
        found, expected = [
            await search(db, one, query, limit=10, neighbours=3) for one in (room, other)
        ]
        assert [
            (hit.message.id, round(hit.score, 5), [m.id for m in hit.before + hit.after])
            for hit in found.hits
        ] == [
            (hit.message.id, round(hit.score, 5), [m.id for m in hit.before + hit.after])
            for hit in expected.hits
        ]


async def with_canaries(db: asyncpg.Pool) -> ConversationId:
    """Of ben, whose words are secret, and others; every table that may quote him does."""
    room = await room_with(
        db,
        [
            message(1, "Where is it?", participant="ana"),
            message(2, SECRET, participant="ben", metadata={"label": CANARY}),
            message(3, "Thank you, ben.", participant="ana"),
            message(4, "It rains again.", participant="ben"),
            message(5, "Yes.", participant="agent", role="assistant"),
        ],
    )
    events = [
        event(1, "transcription", "Where is it", participant="ana"),
        event(2, "transcription", f"the {CANARY} is", participant="ben", seconds=-3, final=False),
        event(2, "transcription", SECRET, participant="ben").model_copy(update={"id": "e2b"}),
        event(2, "error", f"cannot answer: {SECRET}", seconds=9).model_copy(update={"id": "e2c"}),
        event(2, "metric", "", question_id="m2").model_copy(update={"id": "e2d"}),
        event(2, "speech", "", message_ids=["m2"]).model_copy(update={"id": "e2e"}),
        event(4, "transcription", "it rains again", participant="ben"),
        event(5, "error", "the model is away"),
    ]
    await record_events(db, conversation_id=room, events=events)
    session = summary(room).model_copy(
        update={"agent_identity": "agent", "participants": ["ana", "ben"]}
    )
    await save_session(db, session_id="s1", summary=session)
    await db.execute(
        "insert into embedding_job (conversation_id, model_id, seq, failure) values ($1, 1, 2, $2)",
        room,
        f"refused: {SECRET}",
    )
    return room


async def test_an_erased_message_is_in_no_table(db: asyncpg.Pool) -> None:
    room = await with_canaries(db)
    assert len(await tables_with(db, [CANARY])) == 5

    receipt = await erase_message(db, conversation_id=room, message_id="m2")

    assert await tables_with(db, [CANARY, CODE, "qx77", "419300817", "café", '"m2"']) == {}
    assert receipt.complete
    assert receipt.rows["message"] == 1
    assert receipt.rows["conversation_event"] == 5
    assert receipt.rows["embedding_job"] == 1
    left = await newest_events(db, conversation_id=room, limit=100)
    assert [one.id for one in left] == ["e1", "e4", "e5"]
    assert CANARY not in receipt.model_dump_json()
    assert "ben" in str(await db.fetch("select participants from session"))


async def test_of_an_erased_participant_no_table_has_a_name_or_a_word(db: asyncpg.Pool) -> None:
    room = await with_canaries(db)
    await erase_message(db, conversation_id=room, message_id="m3")  # which says the name

    receipt = await erase_participant(db, conversation_id=room, identity="ben")

    assert await tables_with(db, [CANARY, CODE, "rains", "ben"]) == {}
    assert receipt.rows["message"] == 2
    page = await recent_messages(db, conversation_id=room, limit=10)
    assert [one.id for one in page.messages] == ["m1", "m5"]
    assert page.message_count == 2


async def test_an_erased_conversation_leaves_its_id_and_nothing_else(db: asyncpg.Pool) -> None:
    room = await with_canaries(db)
    other = await room_with(db, [message(1, "Unharmed.")], name="other")

    receipt = await erase_conversation(db, conversation_id=room)

    assert receipt.complete
    assert receipt.rows["message"] == 5
    assert await tables_of(db, room) == {"erased_conversation", "erasure"}
    assert await tables_with(db, [CANARY, "'room'", "(room,"]) == {}
    assert (await recent_messages(db, conversation_id=other, limit=5)).message_count == 1
    assert await erase_conversation(db, conversation_id=room) == receipt
    with pytest.raises(ConversationNotFound):
        await recent_messages(db, conversation_id=room, limit=5)
    with pytest.raises(ConversationNotFound):
        await append_messages(db, conversation_id=room, messages=[message(9)])


async def test_a_room_of_an_erased_name_and_its_key_get_another_conversation(
    db: asyncpg.Pool,
) -> None:
    keyed, _ = await create_conversation(db, key="customer")
    await create_room(db, name="call", key="customer")
    await erase_conversation(db, conversation_id=keyed)

    again, created = await create_conversation(db, key="customer")
    room, opened = await create_room(db, name="call")
    assert created
    assert opened
    assert len({keyed, again, room}) == 3


@pytest.mark.parametrize("kind", ["message", "participant", "everywhere", "conversation"])
async def test_a_dry_run_counts_and_changes_nothing(db: asyncpg.Pool, kind: str) -> None:
    room = await with_canaries(db)
    before = await everything(db)

    told = await erased(db, room, kind, dry_run=True)

    assert await everything(db) == before
    assert told.dry_run
    assert told.rows == (await erased(db, room, kind)).rows


async def erased(
    db: asyncpg.Pool, room: ConversationId, kind: str, *, dry_run: bool = False
) -> ErasureReceipt:
    if kind == "message":
        return await erase_message(db, conversation_id=room, message_id="m2", dry_run=dry_run)
    if kind == "participant":
        return await erase_participant(db, conversation_id=room, identity="ben", dry_run=dry_run)
    if kind == "everywhere":
        return await erase_everywhere(db, identity="ben", dry_run=dry_run)
    return await erase_conversation(db, conversation_id=room, dry_run=dry_run)


async def everything(db: asyncpg.Pool) -> dict[str, list[str]]:
    names = await db.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    return {
        row["relname"]: [
            str(one["text"])
            for one in await db.fetch(
                f"select t::text as text from {row['relname']} t order by 1"  # noqa: S608
            )
        ]
        for row in names
    }


async def test_what_was_erased_is_refused_and_named_also_from_another_agent(
    db: asyncpg.Pool,
) -> None:
    room = await room_with(db, [message(1), message(2, participant="ben"), message(3)])
    await erase_message(db, conversation_id=room, message_id="m1")
    await erase_participant(db, conversation_id=room, identity="ben")

    batch = [message(1), message(2, participant="ben"), message(3), message(4)]
    with pytest.raises(MessagesErased) as refused:
        await append_messages(db, conversation_id=room, messages=batch)
    assert refused.value.message_ids == ["m1", "m2"]

    late = message(7, participant="ben").model_copy(update={"id": "never stored"})
    with pytest.raises(MessagesErased):
        await append_messages(db, conversation_id=room, messages=[late])
    result = await append_messages(db, conversation_id=room, messages=batch[2:])
    assert [one.status for one in result.outcomes] == ["duplicate", "stored"]
    assert result.revision == 2


async def test_a_participant_may_speak_again_after_the_erasure(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1, participant="ben")])
    receipt = await erase_participant(db, conversation_id=room, identity="ben")

    again = message(2, participant="ben").model_copy(
        update={"created_at": receipt.erased_at + timedelta(seconds=1)}
    )
    await append_messages(db, conversation_id=room, messages=[again])

    joined = await join_conversation(db, room="room", window=5)
    assert [one.id for one in joined.window] == ["m2"]
    assert joined.revision == 1


async def test_everywhere_is_also_where_the_participant_was_not_heard_yet(
    db: asyncpg.Pool,
) -> None:
    rooms = [
        await room_with(db, [message(1, participant="ben"), message(2)], name=f"room {number}")
        for number in range(3)
    ]
    silent = await room_with(db, [message(2)], name="silent")

    receipt = await erase_everywhere(db, identity="ben")

    assert sorted(receipt.conversations) == sorted(rooms)
    assert receipt.rows["message"] == 3
    assert await tables_with(db, ["ben"]) == {}
    with pytest.raises(MessagesErased):
        await append_messages(db, conversation_id=silent, messages=[message(1, participant="ben")])


async def test_events_about_what_was_erased_are_not_recorded_any_more(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1), message(2, participant="ben")])
    await erase_message(db, conversation_id=room, message_id="m1")
    await erase_participant(db, conversation_id=room, identity="ben")

    events = [
        event(1, "metric", "", question_id="m1"),
        event(2, "transcription", SECRET, participant="ben"),
        event(3, "transcription", "hello", participant="ana"),
    ]
    assert await record_events(db, conversation_id=room, events=events) == 1
    with pytest.raises(ConversationNotFound):
        await record_events(db, conversation_id=ConversationId(uuid4()), events=events[:1])
    session = summary(room).model_copy(update={"participants": ["ana", "ben"]})
    await save_session(db, session_id="s1", summary=session)
    assert await db.fetchval("select participants from session") == ["ana"]


async def test_erasing_twice_gives_the_first_receipt_and_what_never_was_is_told(
    db: asyncpg.Pool,
) -> None:
    room = await room_with(db, [message(1), message(2)])

    first = await erase_message(db, conversation_id=room, message_id="m1")
    assert await erase_message(db, conversation_id=room, message_id="m1") == first
    with pytest.raises(MessageNotFound):
        await erase_message(db, conversation_id=room, message_id="m9")


async def test_an_erasure_that_broke_off_goes_on(db: asyncpg.Pool) -> None:
    messages = [
        message(number, participant="ben" if number % 2 else "ana") for number in range(1, 701)
    ]
    room = await room_with(db, messages)
    other = await room_with(db, [one for one in messages if one.participant == "ana"], name="other")
    loop = asyncio.get_running_loop()

    begun = await erase_participant(
        db, conversation_id=room, identity="ben", deadline=loop.time() - 1
    )
    assert not begun.complete
    with pytest.raises(MessagesErased):
        await append_messages(db, conversation_id=room, messages=[message(1, participant="ben")])
    task = asyncio.create_task(erase_participant(db, conversation_id=room, identity="ben"))
    while (await db.fetchval("select count(*) from erased_message")) < 100:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await db.fetchval("select count(*) from message where participant = 'ben'")

    receipt = await erase_participant(db, conversation_id=room, identity="ben")

    assert receipt.complete
    assert receipt.erasure_id == begun.erasure_id
    assert receipt.rows["message"] == 350
    assert await state(db, room) == await state(db, other)


async def test_a_conversation_whose_erasure_broke_off_is_seen_by_nobody(db: asyncpg.Pool) -> None:
    room = await room_with(db, said(160))
    deadline = asyncio.get_running_loop().time() - 1

    receipt = await erase_conversation(db, conversation_id=room, deadline=deadline)

    assert not receipt.complete
    assert "message" in await tables_of(db, room)
    with pytest.raises(ConversationNotFound):
        await search(db, room, "lama")
    with pytest.raises(ConversationNotFound):
        await recent_messages(db, conversation_id=room, limit=5)
    with pytest.raises(ConversationNotFound):
        await recent_messages(db, conversation_id=room, limit=5, after=0)
    with pytest.raises(ConversationNotFound):
        await newest_events(db, conversation_id=room, limit=5)
    with pytest.raises(ConversationNotFound):
        await record_events(db, conversation_id=room, events=[event(1, "error", "x")])
    with pytest.raises(ConversationNotFound):
        await save_session(db, session_id="s", summary=summary(room))
    with pytest.raises(ConversationNotFound):
        await append_messages(db, conversation_id=room, messages=[message(1)])
    finished = await erase_conversation(db, conversation_id=room)
    assert finished.rows["message"] == 160
    assert await tables_of(db, room) == {"erased_conversation", "erasure"}


async def test_writers_go_on_while_a_participant_is_erased(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(n, participant="ben") for n in range(300)])

    async def write() -> None:
        for number in range(1000, 1040):
            await append_messages(db, conversation_id=room, messages=[message(number)])

    await asyncio.gather(
        write(),
        erase_participant(db, conversation_id=room, identity="ben"),
        embed_all(db, quiet=QUIET),  # or the newest would not wait for its successor
    )
    await embed_all(db)

    other = await room_with(db, [message(n) for n in range(1000, 1040)], name="other")
    assert await state(db, room) == await state(db, other)


async def test_the_newest_left_behind_an_erased_message_still_gets_its_successor(
    db: asyncpg.Pool,
) -> None:
    room = await room_of(db, [message(1), message(2)])
    await erase_message(db, conversation_id=room, message_id="m1")
    await append_messages(db, conversation_id=room, messages=[message(3)])
    await embed_all(db, quiet=QUIET)
    await embed_all(db)

    other = await room_with(db, [message(2), message(3)], name="other")
    assert await state(db, room) == await state(db, other)


async def room_of(db: asyncpg.Pool, messages: list[MessageCreate]) -> ConversationId:
    """Whose newest message waits for a successor."""
    room, _ = await create_room(db, name="waiting")
    await append_messages(db, conversation_id=room, messages=messages)
    await embed_all(db, quiet=QUIET)
    return room


async def test_entries_of_an_older_text_layer_go_with_their_message(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1, SECRET), message(2, "Unharmed.")])
    await db.execute("update conversation set text_version = 0")
    await db.execute(
        "insert into message_term"
        " values ($1, 'melonold', 1, 0, 1, 1), ($1, 'harmless', 2, 0, 1, 1)",
        room,
    )

    await erase_message(db, conversation_id=room, message_id="m1")

    assert await db.fetchval("select count(*) from message_term where seq = 1") == 0
    assert await tables_with(db, ["melonold", CANARY]) == {}
    assert await db.fetchval("select count(*) from message_term where lexeme = 'harmless'") == 1


async def test_what_another_reading_of_a_text_has_left_is_swept_up(db: asyncpg.Pool) -> None:
    """As where a stemmer has changed without the text layer's version."""
    room = await room_with(db, [message(1, SECRET), message(2, "Unharmed.")])
    await db.execute("insert into message_term values ($1, 'melonold', 1, 0, 1, 1, 1)", room)

    receipt = await erase_message(db, conversation_id=room, message_id="m1")

    assert await tables_with(db, ["melonold", CANARY]) == {}
    known = await erase_message(db, conversation_id=room, message_id="m1")
    assert known == receipt


async def test_counts_hold_where_messages_are_erased_while_a_room_is_indexed_anew(
    db: asyncpg.Pool,
) -> None:
    messages = said(700)
    room = await room_with(db, messages)
    await db.execute("update conversation set text_version = 0")
    await db.execute("update message_term set version = 0")
    async with asyncio.TaskGroup() as group:

        def erase_amid(indexed: int) -> None:
            if indexed == BATCH_MESSAGES:
                for one in ("m20", "m650"):
                    group.create_task(erase_message(db, conversation_id=room, message_id=one))

        await reindex(db, room, on_indexed=erase_amid)

    rest = [one for one in messages if one.id not in {"m20", "m650"}]
    other = await room_with(db, rest, name="other")
    assert await state(db, room) == await state(db, other)


@pytest.mark.parametrize("step_entries", [1, 2, 3, 1000])
async def test_a_sweep_in_steps_finds_every_entry_of_what_was_erased_and_no_other(
    db: asyncpg.Pool, step_entries: int
) -> None:
    room = await room_with(db, [message(number, "Tea and rain.") for number in range(1, 8)])
    for number in (2, 5):
        await erase_message(db, conversation_id=room, message_id=f"m{number}")
    kept = await db.fetchval("select count(*) from message_term")
    await db.execute(
        """
        insert into message_term
        select $1::uuid, lexeme, seq, 0, 1, 1, 1
          from unnest(array['a', 'rain', 'rainy', 'zebra']) lexeme
         cross join unnest(array[2, 5]) seq
        """,
        room,
    )

    rows = await sweep(db, room, step_entries=step_entries)

    assert rows["message_term"] == 8
    assert await db.fetchval("select count(*) from message_term") == kept
