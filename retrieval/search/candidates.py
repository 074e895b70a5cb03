"""Finds the messages to rank: all of a small conversation, the candidates of a large one.

In a large conversation each arm proposes its best messages. The best of these, scored without
their surroundings, become candidates; only their surroundings are read and take part in the score.
"""

from dataclasses import dataclass, replace
from datetime import UTC

import numpy as np

from retrieval.columns import Integers, distinct, is_in
from retrieval.search.context import SearchContext
from retrieval.search.query import days
from retrieval.search.query.filters import Filters
from retrieval.search.query.query import Query
from retrieval.search.ranking import CORRECTED, Candidates, rank
from retrieval.search.said_words import SaidWords, read_words
from retrieval.search.scoring.facts import Facts
from retrieval.search.scoring.next_said import after
from retrieval.search.source import Sought, Source, Wanted
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.store.timeline import positions
from retrieval.weights import STRETCH_GAP_S, SURROUNDINGS_REACH, Weights

SMALL_CONVERSATION = 1000
"""Messages up to which all are scored: that costs less than choosing."""
PROPOSED = 100
"""Messages that each arm proposes."""
CANDIDATES = 40
"""Messages chosen from those proposed, unless the caller needs more."""
NOTHING = np.zeros(0, dtype=np.int64)
YEARS_BACK = 20
"""How far a date without a year reaches back when messages are proposed."""


@dataclass(frozen=True)
class Search:
    source: Source
    context: SearchContext
    query: Query
    filters: Filters
    weights: Weights
    target: Target | None
    """None leaves the vector arm out."""

    @property
    def sought(self) -> Sought:
        return Sought(self.query.about, self.filters, self.target)


async def find_candidates(search: Search, *, at_least: int) -> Candidates:
    """`at_least` candidates, if a large conversation has as many proposals."""
    said = await read_words(search.source, search.context, search.query, search.filters)
    if search.context.message_count <= SMALL_CONVERSATION:
        return await _everything(search, said)
    proposed = await _propose(search, said)
    ranking = rank(proposed, search.query, weights=search.weights, degraded=search.target is None)
    chosen = ranking.seq[ranking.chosen(max(CANDIDATES, at_least), search.query.order)]
    return await _surround(search, said, proposed, chosen)


async def _everything(search: Search, said: SaidWords) -> Candidates:
    words = said.scores()
    known = await search.source.known_of_all(search.sought)
    return Candidates(
        facts=known.facts,
        words=words,
        cosines=known.cosines,
        nearest=known.cosines.nearest(PROPOSED),
        wordiest=words.top(PROPOSED),
    )


async def _propose(search: Search, said: SaidWords) -> Candidates:
    """Without their surroundings."""
    words = said.scores()
    wordiest = words.top(PROPOSED)
    if search.query.order is not None:
        wordiest = np.union1d(wordiest, words.by_arrival(PROPOSED, search.query.order))
    near = await _near(search)
    known = await search.source.known(
        search.sought, distinct(np.concatenate((near, wordiest))), kinds=[False, True]
    )
    return Candidates(
        facts=await _with_positions(search, known.facts),
        words=words,
        cosines=known.cosines,
        nearest=near if len(near) <= PROPOSED else known.cosines.nearest(PROPOSED),
        wordiest=wordiest,
    )


async def _near(search: Search) -> Integers:
    """All messages of a short list: to score them costs less than to find the nearest of them."""
    if search.target is None:
        return NOTHING
    listed = search.filters.listed
    if listed is not None and len(listed) <= SMALL_CONVERSATION:
        return listed
    return await _nearest(search, search.target)


async def _with_positions(search: Search, facts: Facts) -> Facts:
    """Of proposals: only those said within hours of each other can be neighbours."""
    if search.context.in_order:
        return facts
    close = facts.seq[:-1][np.diff(facts.spoken_at) <= STRETCH_GAP_S]
    near = await search.source.said_around(close.tolist(), before=0, after=1)
    return facts.at_positions(positions(near))


async def _nearest(search: Search, target: Target) -> Integers:
    context = search.context
    wanted = Wanted(
        filters=search.filters,
        preferred=_preferred(search.query, search.weights),
        smoothed=context.pending == 0,
        limit=PROPOSED,
        last_seq=context.last_seq,
    )
    return await search.source.nearest(target, wanted)


async def _surround(
    search: Search, said: SaidWords, proposed: Candidates, chosen: Integers
) -> Candidates:
    """With their surroundings, of which only what may correct the best can become a hit."""
    seqs, position = await _surroundings(search, chosen)
    words = await said.completed(search.source, seqs, known=proposed.words)
    around = await search.source.known(search.sought, seqs, kinds=[False])
    facts = around.facts if position is None else around.facts.at_positions(position)
    candidates = is_in(np.sort(chosen), facts.seq) | after(facts, chosen[:CORRECTED])
    return replace(
        proposed,
        facts=replace(facts, allowed=facts.allowed & candidates),
        words=words,
        cosines=proposed.cosines.joined(around.cosines),
    )


async def _surroundings(search: Search, chosen: Integers) -> tuple[Integers, dict[int, int] | None]:
    """`chosen` and the messages within reach on either side, and their positions if not by seq."""
    context, reach = search.context, SURROUNDINGS_REACH.messages
    if context.in_order:
        return with_surroundings(chosen, last=context.last_seq), None
    # One further: surroundings that meet are one stretch.
    near = await search.source.said_around(chosen.tolist(), before=reach + 1, after=reach + 1)
    seqs = {
        seq
        for own, around in near.items()
        for seq in (own, *around.before[:reach], *around.after[:reach])
    }
    return np.array(sorted(seqs), dtype=np.int64), positions(near)


def with_surroundings(seqs: Integers, *, last: int) -> Integers:
    """In a conversation in order; ascending."""
    offsets = np.arange(-SURROUNDINGS_REACH.messages, SURROUNDINGS_REACH.messages + 1)
    near = distinct(seqs[:, None] + offsets)
    return near[(near >= 1) & (near <= last)]


def _preferred(query: Query, weights: Weights) -> Preferred:
    """Speaker and days weigh as much among the proposals as in the score."""
    this_year = query.asked_at.year
    spans = days.spans(
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
