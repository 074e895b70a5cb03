"""Collects what must be known to rank: of a small room everything, of a large one the candidates.

Candidates are the messages nearest in meaning, those with the best words, and the surroundings of
both, which take part in the score.
"""

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from retrieval.search import bm25, dates, facts, postings, vectors
from retrieval.search.arrays import Integers
from retrieval.search.bm25 import Words
from retrieval.search.facts import Facts
from retrieval.search.filters import Filters
from retrieval.search.postings import Postings
from retrieval.search.query import Query
from retrieval.search.room import Room
from retrieval.search.vectors import NO_COSINES, Cosines, Preferred, Target
from retrieval.search.weights import SURROUNDINGS_REACH, Weights
from retrieval.wire import Arm

if TYPE_CHECKING:
    from retrieval.connection import Database

SMALL_CONVERSATION = 1000
"""Up to so many messages, all are scored: that costs less than choosing."""
CANDIDATES = 150
"""From each arm."""
YEARS_BACK = 20
"""How far a date without a year reaches back when candidates are chosen."""


@dataclass(frozen=True)
class Candidates:
    """Facts, lexical scores and cosines to look up, and which arm proposed what."""

    facts: Facts
    words: Words
    cosines: Cosines
    nearest: Integers
    wordiest: Integers

    def arms(self, seq: int) -> list[Arm]:
        """Which arms proposed a message; none if only its surroundings did."""
        found: list[Arm] = []
        if seq in self.nearest:
            found.append("vector")
        if seq in self.wordiest:
            found.append("lexical")
        return found


async def collect(
    db: "Database",
    *,
    room: Room,
    query: Query,
    found: list[Postings],
    target: Target | None,
    filters: Filters,
    weights: Weights,
) -> Candidates:
    """`target` None leaves the vector arm out."""
    if room.message_count <= SMALL_CONVERSATION:
        return await _everything(
            db, room=room, query=query, found=found, target=target, filters=filters
        )
    near = np.zeros(0, dtype=np.int64)
    if target is not None:
        near = await vectors.nearest(
            db,
            target,
            preferred=_preferred(query, weights),
            filters=filters,
            smoothed=room.pending == 0,
            limit=CANDIDATES,
        )
    wordiest = _words(found, room).top(CANDIDATES)
    seqs = with_surroundings(np.union1d(near, wordiest), last=room.last_seq)
    whole = await postings.complete(db, room=room, postings=found, seqs=seqs)
    return Candidates(
        facts=await facts.facts_of(
            db,
            conversation_id=room.conversation_id,
            about=query.about,
            filters=filters,
            seqs=seqs,
        ),
        words=_words(whole, room),
        cosines=await vectors.cosines(db, target, seqs=seqs) if target else NO_COSINES,
        nearest=near,
        wordiest=wordiest,
    )


async def _everything(
    db: "Database",
    *,
    room: Room,
    query: Query,
    found: list[Postings],
    target: Target | None,
    filters: Filters,
) -> Candidates:
    words = _words(found, room)
    all_facts = await facts.facts_of_all(
        db, conversation_id=room.conversation_id, about=query.about, filters=filters
    )
    cosines = await vectors.cosines_of_all(db, target) if target else NO_COSINES
    order = np.argsort(-np.nan_to_num(cosines.alone(all_facts.seq), nan=-1.0), kind="stable")
    return Candidates(
        facts=all_facts,
        words=words,
        cosines=cosines,
        nearest=all_facts.seq[order[:CANDIDATES]] if target else all_facts.seq[:0],
        wordiest=words.top(CANDIDATES),
    )


def _preferred(query: Query, weights: Weights) -> Preferred:
    this_year = query.asked_at.year
    return Preferred(
        about=query.about,
        speaker_gain=weights.speaker / weights.meaning if weights.meaning else 0.0,
        spans=dates.spans(
            query.days,
            zone=query.asked_at.tzinfo or UTC,
            years=range(this_year - YEARS_BACK, this_year + 1),
        ),
        date_gain=weights.date / weights.meaning if weights.meaning else 0.0,
    )


def _words(found: list[Postings], room: Room) -> Words:
    return bm25.score(found, passages=room.passage_count, lexemes=room.lexeme_count)


def with_surroundings(seqs: Integers, *, last: int) -> Integers:
    """The messages and those within reach on either side, ascending."""
    offsets = np.arange(-SURROUNDINGS_REACH, SURROUNDINGS_REACH + 1)
    near = np.unique(seqs[:, None] + offsets)
    return near[(near >= 1) & (near <= last)]
