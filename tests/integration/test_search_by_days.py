"""Messages that differ only in their day and a name: the one of the named day comes first."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import asyncpg

from retrieval.embedders import Embedder
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search import search_conversation
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, MessageCreate, MessageId, SearchRequest

NOW = datetime(2024, 2, 14, 12, 0, tzinfo=UTC)  # a Wednesday
# fmt: off
NAMES = (
    "Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo", "Iris", "Jonas", "Kira", "Lars",
    "Mila", "Nils", "Olga", "Paul", "Rosa", "Sven", "Tilda", "Uwe", "Vera", "Walt", "Xenia", "Yara",
    "Zeno", "Anton", "Berta", "Carl", "Doris", "Ernst", "Frida", "Georg", "Hanna", "Ivan", "Jutta",
    "Klaus", "Lotte", "Moritz", "Nora", "Otto",
)
# fmt: on

DAILY = {
    "yesterday": "2024-02-13",
    "on the day before yesterday": "2024-02-12",
    "over the weekend": "2024-02-10 2024-02-11",
    "in the last 3 days": "2024-02-11 2024-02-14",
    "seven days ago": "2024-02-07",
    "a fortnight ago": "2024-01-31",
    "on Monday last week": "2024-02-05",
    "this Monday": "2024-02-12",
    "last Friday": "2024-02-09",
    "on the 4th": "2024-02-04",
    "on 2.2.2024": "2024-02-02",
    "on 1/29/2024": "2024-01-29",
    "on 29 Jan": "2024-01-29",
    "before January 8": "2024-01-05 2024-01-07",
    "since Monday": "2024-02-12 2024-02-14",
    "between January 15 and January 18": "2024-01-15 2024-01-18",
    "from 15 to 18 January": "2024-01-15 2024-01-18",
    "in early February": "2024-02-01 2024-02-10",
    "at the end of January": "2024-01-21 2024-01-31",
}
DAILY_ELSEWHERE = {
    "Wessen Paket wurde vor neun Tagen abgeholt?": "2024-02-05",
    "Wessen Paket wurde am Wochenende abgeholt?": "2024-02-10 2024-02-11",
    "Le colis de qui a été retiré avant-hier ?": "2024-02-12",
    "¿De quién fue el paquete de la semana pasada?": "2024-02-05 2024-02-11",
    "Чью посылку забрали девять дней назад?": "2024-02-05",
    "前天取走的是谁的包裹？": "2024-02-12",
    "先週の金曜日に受け取られたのは誰の荷物ですか": "2024-02-09",
}
SPARSE = {
    "half a year ago": "2023-07-30 2023-08-29",
    "last summer": "2023-06-01 2023-08-31",
    "in Q3": "2023-07-01 2023-09-30",
    "in the second quarter of 2023": "2023-04-01 2023-06-30",
    "in November": "2023-11-01 2023-11-30",
    "last year": "2023-01-01 2023-12-31",
    "a year ago": "2022-12-01 2023-04-30",
}


async def test_the_message_of_the_named_day_comes_first(db: asyncpg.Pool, minilm: Embedder) -> None:
    room = await _room(db, minilm, days_apart=1)
    queries = {f"Whose parcel was collected {day}?": span for day, span in DAILY.items()}

    assert await _missed(db, minilm, room, queries | DAILY_ELSEWHERE) == []


async def test_a_message_of_the_named_months_comes_first(
    db: asyncpg.Pool, minilm: Embedder
) -> None:
    room = await _room(db, minilm, days_apart=11)
    queries = {f"Whose parcel was collected {day}?": span for day, span in SPARSE.items()}

    assert await _missed(db, minilm, room, queries) == []


async def test_what_was_said_after_a_range_never_comes_before_what_was_said_in_it(
    db: asyncpg.Pool, minilm: Embedder
) -> None:
    room = await _room(db, minilm, days_apart=1)
    found = await _days(db, minilm, room, "Whose parcel was collected between 15 and 18 January?")

    assert set(found[:4]) == {date(2024, 1, day) for day in (15, 16, 17, 18)}


async def test_the_evening_comes_before_the_rest_of_the_day(
    db: asyncpg.Pool, minilm: Embedder
) -> None:
    said = [
        _message(f"{hour}h", datetime(2024, 2, 13, hour, tzinfo=UTC), name)
        for hour, name in ((8, "Ada"), (14, "Ben"), (20, "Cleo"), (23, "Dora"))
    ]
    room = await _stored(db, minilm, said)
    request = SearchRequest(query="Whose parcel was collected yesterday morning?")
    found = await search_conversation(db, minilm, conversation_id=room, request=request, now=NOW)

    assert found.hits[0].message.id == "8h"


def _message(key: str, at: datetime, name: str) -> MessageCreate:
    return MessageCreate(
        id=MessageId(key),
        role="user",
        participant="ana",
        content=f"The parcel of {name} was collected.",
        created_at=at,
    )


async def _room(db: asyncpg.Pool, minilm: Embedder, *, days_apart: int) -> ConversationId:
    """A message a day, or every so many days, until today."""
    said = []
    for back, name in enumerate(NAMES):
        day = NOW.date() - back * timedelta(days=days_apart)
        said.append(_message(str(day), datetime.combine(day, time(11), UTC), name))
    return await _stored(db, minilm, said[::-1])


async def _stored(
    db: asyncpg.Pool, minilm: Embedder, said: Sequence[MessageCreate]
) -> ConversationId:
    room, _ = await create_room(db, name="parcels")
    await append_messages(db, conversation_id=room, messages=[*said])
    model = await ensure_model(db, name=minilm.name, dimension=minilm.dimension)
    await EmbeddingWorker(db, minilm, model, limits=BatchLimits(quiet=timedelta(0))).drain()
    return room


async def _missed(
    db: asyncpg.Pool, minilm: Embedder, room: ConversationId, queries: dict[str, str]
) -> list[tuple[str, date]]:
    """Queries whose first hit is not of the days wanted, with its day."""
    missed = []
    for query, span in queries.items():
        first, *last = (date.fromisoformat(day) for day in span.split())
        found = (await _days(db, minilm, room, query))[0]
        if not first <= found <= (last[0] if last else first):
            missed.append((query, found))
    return missed


async def _days(db: asyncpg.Pool, minilm: Embedder, room: ConversationId, query: str) -> list[date]:
    found = await search_conversation(
        db, minilm, conversation_id=room, request=SearchRequest(query=query), now=NOW
    )
    return [hit.message.created_at.date() for hit in found.hits]


async def test_a_word_for_days_is_no_misspelt_name(db: asyncpg.Pool, minilm: Embedder) -> None:
    said = [
        _message("old", datetime(2024, 1, 13, 11, tzinfo=UTC), "Haier"),
        _message("new", datetime(2024, 2, 13, 11, tzinfo=UTC), "Mirov"),
    ]
    room = await _stored(db, minilm, said)
    request = SearchRequest(query="Le colis de qui a été retiré hier ?", explain=True)
    found = await search_conversation(db, minilm, conversation_id=room, request=request, now=NOW)

    assert [hit.message.id for hit in found.hits] == ["new", "old"]
    assert [(hit.parts or {})["words"] for hit in found.hits] == [0, 0]
