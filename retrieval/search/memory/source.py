"""What a search asks of a conversation, answered from memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import JsonValue

from retrieval.columns import Flags, Integers, is_in
from retrieval.search.lexical.misspelt import LookUp
from retrieval.search.lexical.postings import (
    MAX_POSTINGS,
    MAX_TERMS,
    MAX_WEIGHED_TERMS,
    Postings,
    frequency,
)
from retrieval.search.memory.arrays.inner_products import Singles, halved
from retrieval.search.memory.conditions import allowed
from retrieval.search.memory.known import known, known_of_all
from retrieval.search.memory.nearest import nearest
from retrieval.search.memory.room import Room
from retrieval.search.memory.words.posting_lists import NOWHERE, Occurrences
from retrieval.search.query.filters import Filters
from retrieval.search.source import Known, Sought, Source, Wanted
from retrieval.search.vector.cosines import Target
from retrieval.store.timeline import Around
from retrieval.wire import Message


@dataclass(frozen=True, eq=False, repr=False)
class MemorySource:
    """Implements Source, of a room that has all that is newer but, maybe, postings."""

    room: Room
    newest: Mapping[str, Occurrences]
    """By term: its postings behind the room's mark of postings. Others are asked of `stored`."""
    message_count: int
    passage_count: int
    """Of the conversation."""
    stored: Source
    """Answers what memory cannot."""

    async def listed(self, metadata: Mapping[str, JsonValue]) -> Integers:
        return await self.stored.listed(metadata)

    async def postings(self, terms: Sequence[str], filters: Filters) -> list[Postings]:
        if not self._has(terms[:MAX_WEIGHED_TERMS]):
            return await self.stored.postings(terms, filters)
        if not filters.narrow and len(terms) <= MAX_TERMS:
            return [self._postings(term, self._find(term, newest=MAX_POSTINGS)) for term in terms]
        counts = {term: self._count(term) for term in terms[:MAX_WEIGHED_TERMS]}
        rarest = sorted(counts, key=lambda term: (counts[term] or np.inf, term))[:MAX_TERMS]
        if filters.narrow:
            fits = allowed(self.room.messages, filters)
            found = {term: self._allowed(self._find(term), fits) for term in rarest}
        else:
            found = {term: self._find(term, newest=MAX_POSTINGS) for term in rarest}
        read = [self._postings(term, occurrences) for term, occurrences in found.items()]
        return [
            one if one.capped else replace(one, frequency=float(counts[one.term])) for one in read
        ]

    async def complete(self, capped: Sequence[Postings], seqs: Integers) -> list[Postings]:
        if not self._has([one.term for one in capped]):
            return await self.stored.complete(capped, seqs)
        return [self._within(one, seqs) for one in capped]

    async def similar(self, look_ups: Sequence[LookUp]) -> list[tuple[str, Sequence[str]]]:
        if not self._up_to_date:
            return await self.stored.similar(look_ups)
        return [(one.word, self.room.vocabulary.similar(one)) for one in look_ups]

    async def nearest(self, target: Target, wanted: Wanted) -> Integers:
        return nearest(self.room, halved(target.vector), wanted)

    async def known(self, sought: Sought, seqs: Integers, *, kinds: Sequence[bool]) -> Known:
        return known(self.room, sought, _query(sought), seqs=seqs, kinds=kinds)

    async def known_of_all(self, sought: Sought) -> Known:
        return known_of_all(self.room, sought, _query(sought))

    async def said_around(
        self, seqs: Sequence[int], *, before: int, after: int
    ) -> Mapping[int, Around]:
        messages = self.room.messages
        places, exist = messages.places(np.array(seqs, dtype=np.int64))
        near = {}
        for place in places[exist].tolist():
            at = int(messages.rank[place])
            earlier = messages.by_time[max(0, at - before) : at][::-1]
            later = messages.by_time[at + 1 : at + 1 + after]
            near[int(messages.seq[place])] = Around(
                messages.seq[earlier].tolist(), messages.seq[later].tolist()
            )
        return near

    async def messages(self, seqs: Sequence[int]) -> dict[int, Message]:
        return self.room.messages.of(seqs)

    @property
    def _up_to_date(self) -> bool:
        return self.room.postings.mark >= self.room.messages.last_seq

    def _has(self, terms: Sequence[str]) -> bool:
        """Whether all postings of these are known."""
        return self._up_to_date or all(term in self.newest for term in terms)

    def _find(self, term: str, *, newest: int | None = None) -> Occurrences:
        """By ascending seq and passage."""
        found = self.room.postings.find(term, newest=newest)
        if not self._up_to_date:
            found = found.then(self.newest.get(term, NOWHERE))
        return found

    def _count(self, term: str) -> int:
        return min(len(self._find(term, newest=MAX_POSTINGS).seq), MAX_POSTINGS)

    def _allowed(self, found: Occurrences, fits: Flags) -> Occurrences:
        places, exist = self.room.messages.places(found.seq)
        return found.at(np.flatnonzero(exist & fits[places]))

    def _postings(self, term: str, found: Occurrences) -> Postings:
        newest_first = found.at(slice(-1, -MAX_POSTINGS - 1, -1))
        return Postings(
            term,
            *newest_first,
            frequency=frequency(
                newest_first.seq, messages=self.message_count, passages=self.passage_count
            ),
            capped=len(newest_first.seq) >= MAX_POSTINGS,
        )

    def _within(self, capped: Postings, seqs: Integers) -> Postings:
        found = self._find(capped.term)
        there = found.at(np.flatnonzero(is_in(seqs, found.seq)))
        return replace(
            capped,
            seq=there.seq,
            passage=there.passage,
            occurrences=there.occurrences,
            passage_words=there.passage_words,
        )


def newest_of(postings: Sequence[Postings]) -> dict[str, Occurrences]:
    """As the context brings them, newest first."""
    return {
        one.term: Occurrences(one.seq, one.passage, one.occurrences, one.passage_words).at(
            slice(None, None, -1)
        )
        for one in postings
    }


def _query(sought: Sought) -> Singles | None:
    return halved(sought.target.vector) if sought.target else None
