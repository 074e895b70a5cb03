"""Collects what must be known to rank: of a small room everything, of a large one the candidates.

In a large room each arm proposes its best messages; the best of these by all that is known of them
alone become candidates, and only their surroundings are read, which take part in the score.
"""

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from retrieval.ann.tiers import Tier, tier_of
from retrieval.columns import Integers
from retrieval.search.context import SearchContext
from retrieval.search.lexical import bm25, postings
from retrieval.search.lexical.bm25 import LexicalScores
from retrieval.search.lexical.postings import Postings
from retrieval.search.query import dates
from retrieval.search.query.filters import Filters
from retrieval.search.query.query import Query
from retrieval.search.reader import Reader
from retrieval.search.scoring.facts import Facts
from retrieval.search.vector.cosines import Cosines, Preferred, Target
from retrieval.search.vector.nearest import Wanted, nearest
from retrieval.weights import SURROUNDINGS_REACH, Weights
from retrieval.wire import Arm

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SMALL_CONVERSATION = 1000
"""Up to so many messages, all are scored: that costs less than choosing."""
PROPOSED = 100
"""By each arm."""
CANDIDATES = 40
"""Of those proposed; more if more hits are asked for."""
NOTHING = np.zeros(0, dtype=np.int64)
YEARS_BACK = 20
"""How far a date without a year reaches back when messages are proposed."""


@dataclass(frozen=True)
class Search:
    """One search: where it looks, what for, and what the words have found."""

    db: "Database"
    room: SearchContext
    query: Query
    filters: Filters
    weights: Weights
    found: list[Postings]
    target: Target | None
    """None leaves the vector arm out."""


@dataclass(frozen=True)
class Candidates:
    """Facts, lexical scores and cosines to look up, and which arm proposed what."""

    facts: Facts
    words: LexicalScores
    cosines: Cosines
    nearest: Integers
    wordiest: Integers

    def passage_scores(self, seq: int) -> dict[int, float]:
        """By words and meaning, of the passages of one message that any is known of."""
        words, cosines = self.words.passages(seq), self.cosines.passages(seq)
        return {
            passage: words.get(passage, 0.0) + cosines.get(passage, 0.0)
            for passage in words.keys() | cosines.keys()
        }

    def arms(self, seq: int) -> list[Arm]:
        """Which arms proposed a message; none if only its surroundings did."""
        found: list[Arm] = []
        if seq in self.nearest:
            found.append("vector")
        if seq in self.wordiest:
            found.append("lexical")
        return found


async def everything(search: Search) -> Candidates:
    """All of a small conversation."""
    words = _words(search.found, search.room)
    known = await _reader(search).of_all()
    return Candidates(
        facts=known.facts,
        words=words,
        cosines=known.cosines,
        nearest=known.cosines.nearest(PROPOSED),
        wordiest=words.top(PROPOSED),
    )


async def propose(search: Search) -> Candidates:
    """The best messages of each arm, without their surroundings."""
    words = _words(search.found, search.room)
    wordiest = words.top(PROPOSED)
    near = NOTHING
    if search.target:
        near = await nearest(search.db, search.target, wanted=_wanted(search), tier=_tier(search))
    known = await _reader(search).of(np.union1d(near, wordiest), kinds=[False, True])
    return Candidates(
        facts=known.facts,
        words=words,
        cosines=known.cosines,
        nearest=near,
        wordiest=wordiest,
    )


async def surround(search: Search, proposed: Candidates, chosen: Integers) -> Candidates:
    """The chosen ones of the messages proposed, with their surroundings, which cannot be hits."""
    seqs = with_surroundings(chosen, last=search.room.last_seq)
    complete = await postings.complete(
        search.db, search.room.conversation_id, postings=search.found, seqs=seqs
    )
    said_there = [postings.only_in(seqs, one) for one in complete]
    around = await _reader(search).of(seqs, kinds=[False])
    facts = around.facts
    return replace(
        proposed,
        facts=replace(facts, allowed=facts.allowed & np.isin(facts.seq, chosen)),
        words=_words(said_there, search.room),
        cosines=proposed.cosines.joined(around.cosines),
    )


def with_surroundings(seqs: Integers, *, last: int) -> Integers:
    """The messages and those within reach on either side, ascending."""
    offsets = np.arange(-SURROUNDINGS_REACH.messages, SURROUNDINGS_REACH.messages + 1)
    near = np.unique(seqs[:, None] + offsets)
    return near[(near >= 1) & (near <= last)]


def _reader(search: Search) -> Reader:
    return Reader(
        search.db, search.room.conversation_id, search.query.about, search.filters, search.target
    )


def _wanted(search: Search) -> Wanted:
    return Wanted(
        filters=search.filters,
        preferred=_preferred(search.query, search.weights),
        smoothed=search.room.pending == 0,
        limit=PROPOSED,
        last_seq=search.room.last_seq,
    )


def _tier(search: Search) -> Tier:
    return tier_of(search.room.prepared, passages=search.room.passage_count)


def _preferred(query: Query, weights: Weights) -> Preferred:
    """Speaker and days count when messages are proposed as they do in the score."""
    this_year = query.asked_at.year
    spans = dates.spans(
        query.days,
        zone=query.asked_at.tzinfo or UTC,
        years=range(this_year - YEARS_BACK, this_year + 1),
    )
    unit = weights.meaning or 1.0
    return Preferred(
        about=query.about,
        speaker_gain=weights.speaker / unit if query.about.anyone else 0.0,
        spans=spans,
        date_gain=weights.date / unit if spans else 0.0,
    )


def _words(found: list[Postings], room: SearchContext) -> LexicalScores:
    return bm25.score(found, passages=room.passage_count, lexemes=room.lexeme_count)
