"""What a search asks of a conversation after its context was read, whoever answers.

The database does (`stored/`); for a conversation that was searched lately, so does the process's
memory (`memory/`). Both give the same to the last bit: an order that decides anything is complete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from retrieval.columns import Integers
from retrieval.search.lexical.misspelt import LookUp
from retrieval.search.lexical.postings import Postings
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.scoring.facts import Facts
from retrieval.search.vector.cosines import Cosines, Preferred, Target
from retrieval.store.timeline import Around
from retrieval.wire import Message


@dataclass(frozen=True)
class Sought:
    """What messages are judged by."""

    about: About
    filters: Filters
    target: Target | None
    """None: no cosines."""


@dataclass(frozen=True)
class Known:
    facts: Facts
    cosines: Cosines


@dataclass(frozen=True)
class Wanted:
    """Of the nearest messages."""

    filters: Filters
    preferred: Preferred
    smoothed: bool
    """Compare with messages mixed with their neighbours, and alone where these are not mixed yet;
    False: alone, which is complete sooner during a backfill."""
    limit: int
    last_seq: int | None = None
    """The conversation's newest message, if known; saves a search beyond it."""


class Source(Protocol):
    """One conversation, for one search. Deleted messages are missing from every answer."""

    async def listed(self, metadata: Mapping[str, JsonValue]) -> Integers:
        """`seq` of the messages that have each of these keys with an equal value, ascending."""
        ...

    async def postings(self, terms: Sequence[str], filters: Filters) -> list[Postings]:
        """The newest of each term, at most MAX_POSTINGS, in messages that narrow filters allow.

        Of more than MAX_TERMS terms, and with narrow filters, the rarest.
        """
        ...

    async def complete(self, capped: Sequence[Postings], seqs: Integers) -> list[Postings]:
        """All of the terms' postings in the messages `seqs` and no others; the frequency stays.

        `seqs` ascend; a term that occurs in none of them may be missing.
        """
        ...

    async def similar(self, look_ups: Sequence[LookUp]) -> list[tuple[str, Sequence[str]]]:
        """The words of the room that each allows, by the word looked up; repeats are possible."""
        ...

    async def nearest(self, target: Target, wanted: Wanted) -> Integers:
        """Best first; of equal ones the newest."""
        ...

    async def known(self, sought: Sought, seqs: Integers, *, kinds: Sequence[bool]) -> Known:
        """Of those that exist; `kinds` are the values of `smoothed` to compare with."""
        ...

    async def known_of_all(self, sought: Sought) -> Known: ...

    async def said_around(
        self, seqs: Sequence[int], *, before: int, after: int
    ) -> Mapping[int, Around]:
        """By seq, at most so many messages on each side."""
        ...

    async def messages(self, seqs: Sequence[int]) -> dict[int, Message]:
        """By seq."""
        ...
