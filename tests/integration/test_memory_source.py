"""Whatever a search asks of a room, memory says what the database says, to the last bit."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest

from retrieval.columns import Integers
from retrieval.search import context
from retrieval.search.lexical import postings as lexical_postings
from retrieval.search.lexical.misspelt import look_ups
from retrieval.search.memory import source as memory_source
from retrieval.search.memory.arrays import matrices
from retrieval.search.memory.loading.load import load
from retrieval.search.memory.room import Room
from retrieval.search.memory.rooms import Rooms
from retrieval.search.memory.source import MemorySource, newest_of
from retrieval.search.memory.words.indexing import indexed
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Sought, Wanted
from retrieval.search.stored import postings as stored_postings
from retrieval.search.stored.source import StoredSource
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.store.conversations import create_room
from retrieval.text.terms.asked import query_terms
from retrieval.wire import ConversationId, MessageCreate
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder
from tests.support.searches import store

LIMIT = 100_000_000
PEOPLE = ("ana", "ben", "cleo")
NOUNS = ("pump", "lantern", "ferry", "invoice", "violin", "cellar", "garden", "Tavrelin", "A-482")
MISSPELT = "Where is the lantren in the cellra of Tavrlein?"


class NobodyAsks:
    """A source that must not be needed."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")


@dataclass
class Both:
    stored: StoredSource
    memory: MemorySource
    seqs: Integers


def talk(
    dice: random.Random, count: int, *, first: int = 1, late: float = 0
) -> list[MessageCreate]:
    said: list[MessageCreate] = []
    for number in range(first, first + count):
        sentences = dice.choices((1, 2, 40), weights=(80, 15, 5))[0]
        nouns = dice.choices(NOUNS, k=2 * sentences)
        text = ". ".join(
            f"The {one} is {number % 7} by the {two}"
            for one, two in zip(nouns[::2], nouns[1::2], strict=True)
        )
        if said and dice.random() < 0.3:
            text = dice.choice(said).content
        agent = dice.random() < 0.3
        one = message(
            number,
            text,
            participant="support" if agent else dice.choice(PEOPLE),
            role="assistant" if agent else "user",
            interrupted=dice.random() < 0.1,
            metadata={"n": 1.5, "ü": ["x"]} if dice.random() < 0.2 else None,
        )
        if dice.random() < late:
            one = one.model_copy(
                update={"created_at": one.created_at - timedelta(minutes=dice.choice((1, 2, 30)))}
            )
        said.append(one)
    return said


async def room_of(db: asyncpg.Pool, name: str, said: Sequence[MessageCreate]) -> ConversationId:
    conversation_id, _ = await create_room(db, name=name, language="english")
    await store(db, conversation_id, said)
    return conversation_id


async def both(
    db: asyncpg.Pool,
    conversation_id: ConversationId,
    *,
    query: str = MISSPELT,
    room: Room | None = None,
) -> Both:
    """Of a room that is loaded now, or brought up to date."""
    room = room or await load(db, conversation_id, most_bytes=LIMIT)
    assert room is not None
    read = await context.read_context(db, conversation_id=conversation_id, query=query, room=room)
    if read.news is None:
        return await both(db, conversation_id, query=query)
    stored = StoredSource(db, read)
    memory = MemorySource(
        room.extended(read.news),
        newest_of(read.news.postings),
        read.message_count,
        read.passage_count,
        stored,
    )
    return Both(stored, memory, memory.room.messages.seq)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other) and one.dtype == other.dtype
    return all(
        same(getattr(one, f.name), getattr(other, f.name))
        if isinstance(getattr(one, f.name), np.ndarray)
        else getattr(one, f.name) == getattr(other, f.name)
        for f in fields(one)
    )


def by_place(cosines: Any) -> dict[tuple[int, int, bool], float]:
    keys = zip(
        cosines.seq.tolist(), cosines.passage.tolist(), cosines.smoothed.tolist(), strict=True
    )
    return dict(zip(keys, cosines.cosine.tolist(), strict=True))


def random_filters(dice: random.Random, seqs: Integers) -> Filters:
    last = int(seqs[-1])
    since = NOON + timedelta(minutes=dice.randrange(last))
    return Filters(
        since=since if dice.random() < 0.3 else None,
        until=since + timedelta(minutes=last / 2) if dice.random() < 0.3 else None,
        participants=dice.sample([*PEOPLE, "nobody"], k=2) if dice.random() < 0.3 else None,
        roles=[dice.choice(("user", "assistant", "tool"))] if dice.random() < 0.2 else None,
        excluded=dice.sample(seqs.tolist(), k=5) if dice.random() < 0.5 else [],
        listed=np.sort(np.array(dice.sample(range(1, last + 20), k=last // 2)))
        if dice.random() < 0.3
        else None,
    )


def random_about(dice: random.Random) -> About:
    return dice.choice(
        (
            About(),
            About(frozenset({"ana"})),
            About(frozenset({"ben", "nobody"})),
            About(role="assistant"),
            About(role="user"),
        )
    )


def random_preferred(dice: random.Random) -> Preferred:
    about = random_about(dice)
    spans = [
        (NOON + timedelta(minutes=start), NOON + timedelta(minutes=start + 60))
        for start in (10, 40, 200)
    ]
    days = dice.random() < 0.4
    return Preferred(
        about, 0.13 if about.anyone else 0.0, spans if days else [], 0.29 if days else 0.0
    )


async def target_of(conversation_id: ConversationId, query: str) -> Target:
    vectors = await HashEmbedder().embed([query], kind="query")
    return Target(conversation_id, 1, vectors[0])


async def compare(sides: Both, dice: random.Random, *, rounds: int = 12) -> None:
    stored, memory, seqs = sides.stored, sides.memory, sides.seqs
    for _ in range(rounds):
        filters = random_filters(dice, seqs)
        text = " ".join(dice.choices(NOUNS, k=3))
        target = await target_of(stored.conversation_id, text)
        if dice.random() < 0.2:
            terms = [f"{one}{number}" for one in NOUNS for number in range(7)]
        else:
            terms = [
                t for one in query_terms(f"{text} is 3 by", language="english") for t in one.weights
            ]
        wanted = Wanted(
            filters,
            random_preferred(dice),
            smoothed=dice.random() < 0.7,
            limit=dice.choice((1, 7, 100)),
            last_seq=int(seqs[-1]),
        )
        assert np.array_equal(
            await memory.nearest(target, wanted), await stored.nearest(target, wanted)
        )

        sought = Sought(random_about(dice), filters, None if dice.random() < 0.2 else target)
        picked = dice.sample(range(1, int(seqs[-1]) + 5), k=dice.choice((0, 1, 30)))
        some = np.array(sorted(picked), dtype=np.int64)
        kinds = dice.choice(([False, True], [False]))
        for one, other in (
            (
                await memory.known(sought, some, kinds=kinds),
                await stored.known(sought, some, kinds=kinds),
            ),
            (await memory.known_of_all(sought), await stored.known_of_all(sought)),
        ):
            assert same(one.facts, other.facts)
            assert by_place(one.cosines) == by_place(other.cosines)
            assert len(one.cosines.seq) == len(other.cosines.seq)

        read, reference = (
            await memory.postings(terms, filters),
            await stored.postings(terms, filters),
        )
        assert len(read) == len(reference)
        assert all(map(same, read, reference)), (terms, filters)
        capped = [one for one in read if one.capped]
        complete = {one.term: one for one in await stored.complete(capped, some)} if capped else {}
        for own in await memory.complete(capped, some) if capped else []:
            told = complete.get(own.term)
            assert (told is None and len(own.seq) == 0) or same_set(own, told)

        picked = dice.sample(range(1, int(seqs[-1]) + 5), k=10)
        around = await memory.said_around(picked, before=3, after=2)
        assert around == await stored.said_around(picked, before=3, after=2)
        assert await memory.messages(picked) == await stored.messages(picked)


def same_set(one: Any, other: Any) -> bool:
    def rows(postings: Any) -> list[tuple[int, ...]]:
        columns = (postings.seq, postings.passage, postings.occurrences, postings.passage_words)
        return sorted(zip(*(column.tolist() for column in columns), strict=True))

    return one.frequency == other.frequency and rows(one) == rows(other)


async def compare_similar(sides: Both) -> None:
    wanted = look_ups(query_terms(MISSPELT, language="english"), [])
    assert wanted
    found = await sides.memory.similar(wanted)
    assert [(word, [*similar]) for word, similar in found] == [
        (word, [*similar]) for word, similar in await sides.stored.similar(wanted)
    ]
    assert any(similar for _, similar in found)


async def forget(
    db: asyncpg.Pool, conversation_id: ConversationId, *, messages: list[int], vectors: list[int]
) -> None:
    """As erasures, and embedding jobs that failed, leave a room."""
    await db.execute(FORGET, conversation_id, messages, vectors)


FORGET = """
with forgotten as (delete from message where conversation_id = $1 and seq = any($2)),
     unsaid as (delete from message_term where conversation_id = $1 and seq = any($2)),
     lost as (delete from message_embedding where conversation_id = $1 and seq = any($3))
update conversation set message_count = message_count - cardinality($2) where conversation_id = $1
"""


@pytest.mark.parametrize("late", [0, 0.2], ids=["in order", "out of order"])
@pytest.mark.parametrize("few", [20, 100_000], ids=["rows", "columns"])
async def test_memory_says_what_the_database_says(
    db: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, late: float, few: int
) -> None:
    monkeypatch.setattr(matrices, "FEW", few)
    monkeypatch.setattr(matrices, "BLOCK", 50)
    for module in (memory_source, stored_postings):
        monkeypatch.setattr(module, "MAX_TERMS", 30)
    for module in (memory_source, stored_postings, lexical_postings, context):
        monkeypatch.setattr(module, "MAX_POSTINGS", 25)
    dice = random.Random(f"{late} {few}")  # noqa: S311 - the same each time
    said = talk(dice, 160, late=late)
    said[140] = said[140].model_copy(
        update={"content": "A celler, a lantern and a lanthren near Tavrelyn"}
    )
    conversation_id = await room_of(db, "long", said[:130])
    await forget(db, conversation_id, messages=[5, 77], vectors=[5, 77, 128, 130])
    loaded = await both(db, conversation_id)
    nobody = replace(loaded.memory, stored=NobodyAsks())
    await compare(replace(loaded, memory=nobody), dice)
    await compare_similar(replace(loaded, memory=nobody))

    await store(db, conversation_id, said[130:150], embed=False)
    later = await both(db, conversation_id, room=loaded.memory.room)
    assert later.memory.room.message_count == 148
    await compare(later, dice, rounds=6)
    await compare_similar(later)
    up_to_date = await indexed(later.memory.room)
    assert up_to_date.marks.postings == 150
    alone = replace(later.memory, room=up_to_date, newest={}, stored=NobodyAsks())
    await compare(replace(later, memory=alone), dice, rounds=6)
    await compare_similar(replace(later, memory=alone))

    await store(db, conversation_id, said[150:])
    newest = await both(db, conversation_id, room=later.memory.room)
    await compare(newest, dice, rounds=6)
    if not late:  # else vectors were replaced, and the room was loaded anew
        marks = newest.memory.room.marks
        assert (marks.messages, marks.postings, marks.alone, marks.in_context) == (
            160,
            130,
            127,
            127,
        )


async def kept(rooms: Rooms[Room], conversation_id: ConversationId, *, postings: int) -> Room:
    """As soon as it has postings up to there."""
    for _ in range(1000):
        room = rooms.get(conversation_id)
        if room is not None and room.marks.postings == postings:
            return room
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_words_are_added_behind_searches_and_memory_is_counted(db: asyncpg.Pool) -> None:
    dice = random.Random(1)  # noqa: S311 - the same each time
    said = talk(dice, 60)
    conversation_id = await room_of(db, "growing", said[:20])
    rooms = Rooms(LIMIT, load, indexed)
    first = await both(db, conversation_id)
    rooms.missed(db, conversation_id, first.memory.room.version, found=None)
    known = await kept(rooms, conversation_id, postings=20)
    for start in (20, 40):
        await store(db, conversation_id, said[start : start + 20])
        later = await both(db, conversation_id, room=known)
        rooms.extend(conversation_id, known=known, extended=later.memory.room)
        rooms.answered(db, conversation_id)
        known = await kept(rooms, conversation_id, postings=start + 20)
        assert rooms.figures.bytes == known.nbytes
    up_to_date = await both(db, conversation_id, room=known)
    await compare(replace(up_to_date, memory=replace(up_to_date.memory, stored=NobodyAsks())), dice)
    await rooms.aclose()


async def test_all_terms_that_a_room_has_are_there_in_memory_also_that_of_a_mere_accent(
    db: asyncpg.Pool,
) -> None:
    said = [message(1, "¯\\_(ツ)_/¯ the pump"), message(2, "¯"), message(3, "The lantern")]
    sides = await both(db, await room_of(db, "accents", said))
    terms = [
        row["lexeme"]
        for row in await db.fetch(
            "select distinct lexeme from message_term where conversation_id = $1",
            sides.stored.conversation_id,
        )
    ]
    no_filters = Filters(None, None, None, None, [])

    known = await sides.memory.postings(terms, no_filters)
    stored = await sides.stored.postings(terms, no_filters)

    assert "" in terms
    for one, other in zip(known, stored, strict=True):
        assert same(one, other), one.term
