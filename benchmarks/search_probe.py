"""Asks random filtered questions on every tier and checks each answer by brute force.

    python -m benchmarks.search_probe [--probes 10000]

An answer is short if it has fewer messages than the filters allow. It is wrong if it has a
forbidden one or, where every embedding is compared, one that is not among the nearest. One probe in
twenty goes through the whole search. JSON is the last line.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from benchmarks.bench_database import open_pool, temporary_database
from benchmarks.search_rooms import BenchRoom, GivenEmbedder, Matrix, clustered, fill_room, unit
from retrieval.ann.maintenance import AnnMaintenance
from retrieval.ann.tiers import Tier, TierLimits, tier_of
from retrieval.search import search_conversation
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.stored.nearest import nearest
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.store.indexes.metadata_index import index_metadata
from retrieval.store.stored_before import message_of
from retrieval.wire import SearchRequest

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

    Pool = asyncpg.Pool[Record]

SIZES = (40, 900, 3000, 6000)
LIMITS = TierLimits(exact=1000, coded=4000)
"""Small: all tiers occur in rooms that brute force can search."""
TAIL = 200
"""Messages behind the prepared codes and HNSW."""
WHOLE_SEARCH_SHARE = 0.05
ROUNDING = 2e-3
"""Of cosines of 16-bit vectors."""
NO_PREFERENCE = Preferred(About(), 0.0, [], 0.0)
NO_FILTERS = Filters(None, None, None, None, [])


@dataclass
class Tally:
    probes: int = 0
    short: int = 0
    wrong: int = 0
    compared_exactly: int = 0
    approximate: int = 0
    recall_of_approximate: float = 0.0


@dataclass(frozen=True)
class Probe:
    room: BenchRoom
    tier: Tier
    text: str
    vector: Matrix
    filters: Filters
    limit: int
    allowed: NDArray[np.int64]
    """Seqs, ascending."""

    @property
    def exact(self) -> bool:
        """Whether the search compares every allowed embedding."""
        plain = not self.filters.any
        return self.tier.coded_to == 0 or (len(self.allowed) <= 200 and not plain)

    def nearness(self) -> Matrix:
        """Cosines of the allowed messages, by brute force."""
        rows = self.room.smoothed[self.allowed - 1].astype(np.float16).astype(np.float32)
        return np.asarray(rows @ self.vector, dtype=np.float32)


def main() -> None:
    """Exits with 1 if any answer was short or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probes", type=int, default=10_000)
    tally = asyncio.run(_run(parser.parse_args().probes))
    print(json.dumps(asdict(tally)))
    raise SystemExit(tally.short + tally.wrong > 0)


async def _run(probes: int) -> Tally:
    random = np.random.default_rng(3)
    tally = Tally()
    async with temporary_database() as url, open_pool(url, size=2) as db:
        rooms = [await _room(db, size) for size in SIZES]
        tiers = [await _tier(db, room) for room in rooms]
        embedder = GivenEmbedder()
        for number in range(probes):
            place = number % len(rooms)
            probe = _random_probe(rooms[place], tiers[place], random)
            if random.random() < WHOLE_SEARCH_SHARE:
                _judge_hits(tally, probe, await _search(db, embedder, probe))
            else:
                _judge_nearest(tally, probe, await _nearest(db, probe))
            if number % 1000 == 999:
                print(tally, flush=True)
    return replace(
        tally,
        recall_of_approximate=round(tally.recall_of_approximate / max(1, tally.approximate), 4),
    )


async def _room(db: "Pool", size: int) -> BenchRoom:
    prepared = await fill_room(db, count=size, data=None, questions=50, seed=size)
    for key in SHARES:
        await _label(db, prepared, key)
    await db.execute("vacuum analyze")
    await AnnMaintenance(db, limits=LIMITS, max_tail=TAIL).prepare()
    return prepared


async def _label(db: "Pool", room: BenchRoom, key: str) -> None:
    """Give messages metadata as if they had been stored with them."""
    seqs = _seqs_with(key, len(room.alone)).tolist()
    await db.execute(LABEL, room.conversation_id, seqs, json.dumps({key: True}))
    rows = await db.fetch(LABELLED, room.conversation_id, seqs)
    labelled = [message_of(row).model_copy(update={"metadata": {key: True}}) for row in rows]
    async with db.acquire() as connection:
        await index_metadata(connection, conversation_id=room.conversation_id, messages=labelled)


LABEL = """
update message set metadata = metadata || $3::jsonb where conversation_id = $1 and seq = any($2)
"""

LABELLED = """
select * from message where conversation_id = $1 and seq = any($2)
"""

TIER = """
select passage_count, coalesce(coded_to, 0) as coded_to, coalesce(graph_to, 0) as graph_to
  from conversation left join prepared_part using (conversation_id)
 where conversation_id = $1
"""


async def _tier(db: "Pool", room: BenchRoom) -> Tier:
    """Leaves TAIL messages unprepared: they are compared exactly."""
    row = await db.fetchrow(TIER, room.conversation_id)
    assert row is not None
    prepared = Tier(max(0, row["coded_to"] - TAIL), row["graph_to"])
    return tier_of(prepared, passages=row["passage_count"], limits=LIMITS)


def _random_probe(room: BenchRoom, tier: Tier, random: np.random.Generator) -> Probe:
    question = room.questions[random.integers(len(room.questions))]
    anywhere = random.random() < 0.3
    vector = clustered(1, random=random)[0] if anywhere else question.vector
    noisy = unit((vector + random.standard_normal(len(vector)) * 0.02)[None].astype(np.float32))[0]
    filters = _filters(room, random)
    return Probe(
        room=room,
        tier=tier,
        text=question.text,
        vector=noisy,
        filters=filters,
        limit=int(random.integers(1, 30)),
        allowed=_allowed(room, filters),
    )


def _filters(room: BenchRoom, random: np.random.Generator) -> Filters:
    since, until = _span(room.spoken_at, random)
    people = [str(one) for one in random.choice(room.participants, size=random.integers(1, 4))]
    return Filters(
        since=since if random.random() < 0.4 else None,
        until=until if random.random() < 0.4 else None,
        participants=people if random.random() < 0.4 else None,
        roles=[random.choice(["user", "assistant"])] if random.random() < 0.3 else None,
        excluded=[*range(len(room.alone) - 11, len(room.alone) + 1)]
        if random.random() < 0.4
        else [],
        listed=_listed(room, random) if random.random() < 0.3 else None,
    )


SHARES = {"half": 2, "few": 50, "rare": 900}
"""Metadata key, and of how many messages one has it."""


def _listed(room: BenchRoom, random: np.random.Generator) -> NDArray[np.int64]:
    return _seqs_with(str(random.choice([*SHARES])), len(room.alone))


def _seqs_with(key: str, messages: int) -> NDArray[np.int64]:
    return np.arange(SHARES[key], messages + 1, SHARES[key])


def _span(spoken_at: Sequence[datetime], random: np.random.Generator) -> tuple[datetime, datetime]:
    first, last = np.sort(random.integers(0, len(spoken_at), size=2))
    return spoken_at[first], spoken_at[min(last + 1, len(spoken_at) - 1)]


def _allowed(room: BenchRoom, filters: Filters) -> NDArray[np.int64]:
    spoken_at = np.array([moment.timestamp() for moment in room.spoken_at])
    fits = np.ones(len(spoken_at), dtype=bool)
    if filters.since:
        fits &= spoken_at >= filters.since.timestamp()
    if filters.until:
        fits &= spoken_at < filters.until.timestamp()
    if filters.participants:
        fits &= np.isin(room.participants, filters.participants)
    if filters.roles:
        fits &= np.isin(room.roles, filters.roles)
    seqs = np.flatnonzero(fits) + 1
    if filters.listed is not None:
        seqs = np.intersect1d(seqs, filters.listed)
    return seqs[~np.isin(seqs, filters.excluded)]


async def _nearest(db: "Pool", probe: Probe) -> list[int]:
    found = await nearest(
        db,
        Target(probe.room.conversation_id, 1, probe.vector),
        wanted=Wanted(probe.filters, NO_PREFERENCE, smoothed=True, limit=probe.limit),
        tier=probe.tier,
    )
    return [int(seq) for seq in found]


async def _search(db: "Pool", embedder: GivenEmbedder, probe: Probe) -> list[int]:
    embedder.fallback = probe.vector
    filters = probe.filters
    if filters.since and filters.until and filters.since >= filters.until:
        return []
    response = await search_conversation(
        db,
        embedder,
        conversation_id=probe.room.conversation_id,
        request=SearchRequest(
            query=probe.text,
            limit=probe.limit,
            since=filters.since,
            until=filters.until,
            participants=filters.participants,
            roles=filters.roles,
            metadata=_metadata(probe),
            exclude_ids=[f"m{seq - 1}" for seq in filters.excluded],
        ),
    )
    return [hit.message.seq for hit in response.hits]


def _metadata(probe: Probe) -> dict[str, JsonValue]:
    listed = probe.filters.listed
    if listed is None:
        return {}
    messages = len(probe.room.alone)
    key = next(key for key in SHARES if np.array_equal(_seqs_with(key, messages), listed))
    return {key: True}


def _judge_hits(tally: Tally, probe: Probe, found: Sequence[int]) -> None:
    tally.probes += 1
    tally.short += len(found) < min(probe.limit, len(probe.allowed))
    tally.wrong += len(set(found)) < len(found) or not np.isin(found, probe.allowed).all()


def _judge_nearest(tally: Tally, probe: Probe, found: Sequence[int]) -> None:
    _judge_hits(tally, probe, found)
    expected = min(probe.limit, len(probe.allowed))
    if expected == 0 or len(found) < expected or not np.isin(found, probe.allowed).all():
        return
    nearness = probe.nearness()
    worst = np.sort(nearness)[-expected]
    given = nearness[np.searchsorted(probe.allowed, found)]
    share = float(np.mean(given >= worst - ROUNDING))
    if probe.exact:
        tally.compared_exactly += 1
        tally.wrong += share < 1
    else:
        tally.approximate += 1
        tally.recall_of_approximate += share


if __name__ == "__main__":
    main()
