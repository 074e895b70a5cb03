"""Query words that occur nowhere in the room find the room's words of nearest spelling.

An edit leaves the first or the last part of a word as it was, so that two ranges of the vocabulary
hold all words one edit away, and two wider ones most that are two away.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.search.lexical.postings import Postings
from retrieval.text.stems import stems
from retrieval.text.terms.asked import QueryTerm
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

MOST_IN_RANGE: Final = 1000
"""Words compared at either end: bounds the work in a room of many words."""
MOST_LOOKED_UP: Final = 8
MOST_SIMILAR: Final = 3
TWO_EDITS_FROM: Final = 7
"""Letters from which two edits are allowed."""
ENDS_OF_NAMES: Final = 2
WEIGHT: Final = {1: 0.7, 2: 0.5}


async def with_similar_words(
    db: "Database",
    conversation_id: ConversationId,
    asked: Sequence[QueryTerm],
    postings: Iterable[Postings],
    *,
    language: str,
    meant: Collection[str] = (),
) -> list[QueryTerm]:
    """The terms, those that occur nowhere with similar words of the room added.

    Words of `meant` are no mistakes.
    """
    known = {one.term for one in postings if one.frequency > 0}
    unknown = {
        term.spelling
        for term in asked
        if term.spelling is not None
        and term.spelling not in meant
        and known.isdisjoint(term.weights)
    }
    if not unknown:
        return [*asked]
    looked_up = sorted(unknown)[:MOST_LOOKED_UP]
    names = {term.spelling for term in asked if term.name and term.spelling in unknown}
    similar = await _similar_words(db, conversation_id, looked_up, names)
    return [
        replace(term, weights=term.weights | _weights(similar[term.spelling], language))
        if term.spelling in similar
        else term
        for term in asked
    ]


def _weights(similar: dict[str, int], language: str) -> dict[str, float]:
    return {
        stem: WEIGHT[edits] for word, edits in similar.items() for stem in stems(word, (language,))
    }


SIMILAR = """
select asked.word,
       array(select word
               from vocabulary
              where conversation_id = $1 and word >= head and word < behind_head
                and length(word) between length(asked.word) - edits and length(asked.word) + edits
              limit $8)
       || array(select word
                  from vocabulary
                 where conversation_id = $1
                   and reversed >= tail and reversed < behind_tail
                   and length(word) between length(asked.word) - edits
                                        and length(asked.word) + edits
                 limit $8) as similar
  from unnest($2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
       as asked (word, edits, head, behind_head, tail, behind_tail)
"""


async def _similar_words(
    db: "Database", conversation_id: ConversationId, words: Sequence[str], names: Container[str]
) -> dict[str, dict[str, int]]:
    """By word: the nearest of the room with their edits; words without any are missing."""
    looked_up = [(word, kept) for word in words for kept in _kept(word, is_name=word in names)]
    heads = [word[:kept] for word, kept in looked_up]
    tails = [word[::-1][:kept] for word, kept in looked_up]
    rows = await db.fetch(
        SIMILAR,
        conversation_id,
        [word for word, _ in looked_up],
        [_allowed(word) for word, _ in looked_up],
        heads,
        [_behind(head) for head in heads],
        tails,
        [_behind(tail) for tail in tails],
        MOST_IN_RANGE,
    )
    near: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for word, similar in rows:
        found = process.extract(
            word, similar, scorer=OSA.distance, score_cutoff=_allowed(word), limit=None
        )
        near[word] |= {other: int(edits) for other, edits, _ in found if edits > 0}
    return {word: _nearest(found) for word, found in near.items() if found}


def _nearest(found: dict[str, int]) -> dict[str, int]:
    least = min(found.values())
    nearest = sorted(word for word, edits in found.items() if edits == least)
    return dict.fromkeys(nearest[:MOST_SIMILAR], least)


def _allowed(word: str) -> int:
    return 2 if len(word) >= TWO_EDITS_FROM else 1


def _kept(word: str, *, is_name: bool) -> set[int]:
    """Letters of either end that one edit leaves, also one that swaps the two in the middle; and
    those that two edits leave unless they fall on both ends.

    Of long names also fewer, which two such edits leave: few queries pay for these wide ranges.
    """
    kept = {max(1, (len(word) - 1) // 2)}
    if _allowed(word) > 1:
        kept.add(len(word) // 3)
        if is_name:
            kept.add(ENDS_OF_NAMES)
    return kept


def _behind(prefix: str) -> str:
    """Sorts just behind all words that begin with the prefix, by code points."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
