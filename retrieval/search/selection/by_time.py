"""The newest, the first or the previous of messages that say the same thing with other values."""

import re
from collections.abc import Iterable, Sequence, Set
from typing import Final

from retrieval.search.query.order import Order
from retrieval.search.selection.candidate import FEWER_WORDS, Candidate
from retrieval.search.selection.exchange import exchange
from retrieval.search.selection.texts.content import Content, stems_of

MARGIN: Final = 0.9
"""Of scores: what says the same thing is not further behind the best."""
MARGIN_OF_WORDS: Final = 0.25
"""The same where no message has a word of the query."""
_LITERAL: Final = {
    "oldest": re.compile(r"\b(?:first|original|initial|earliest)\b(?!,)", re.IGNORECASE),
    "previous": re.compile(r"\b(?:previous|former|old|used\s+to)\b", re.IGNORECASE),
}


def put_in_order(candidates: Sequence[Candidate], order: Order, query: Set[str]) -> None:
    """Time decides among those that say what the best says."""
    alike = alike_best(candidates, query)
    if len(alike) < 2:
        return
    by_time = sorted(alike, key=lambda one: one.said, reverse=order != "oldest")
    if order == "previous":
        by_time = _from_previous(by_time, query)
    literal = [one for one in by_time if _says_literally(one, order, query)]
    if len(literal) == 1:
        by_time = [*literal, *(one for one in by_time if one not in literal)]
    exchange("order", by_time)


def alike_best(candidates: Sequence[Candidate], query: Set[str]) -> list[Candidate]:
    """Statements that have as many of the query's words as any, with scores close to the best.

    If the query is about a person, only that person's, unless there are none.
    """
    near = _near_the_best_telling(candidates)
    most = max((len(one.content.set & query) for one in near), default=0)
    if most == 0:
        return _near(near, MARGIN_OF_WORDS)
    full = _telling(one for one in candidates if len(one.content.set & query) >= most)
    full += _telling(
        one for one in candidates if one not in full and _says_alike(one, full, query, most)
    )
    most_words = max(one.words for one in full)
    full = [one for one in full if one.words >= FEWER_WORDS * most_words]
    own = [one for one in full if one.speaker_fit > 0]
    return _near(own or full, MARGIN)


def _telling(candidates: Iterable[Candidate]) -> list[Candidate]:
    return [one for one in candidates if not one.asks]  # which takes longer than all else here


def _near_the_best_telling(candidates: Sequence[Candidate]) -> list[Candidate]:
    best_first = sorted(candidates, key=lambda one: -one.score)
    best = next((one.score for one in best_first if not one.asks), 0.0)
    return _telling(one for one in candidates if one.score >= best - MARGIN)


def _says_alike(one: Candidate, others: Sequence[Candidate], query: Set[str], most: int) -> bool:
    """It has half as many of the query's words, and half of its words are another's."""
    mine = one.content.set
    if 2 * len(mine & query) < most:
        return False
    least = max(2, len(mine - one.content.numbers) / 2)
    return any(len(mine & other.content.set) >= least for other in others)


def _near(candidates: Sequence[Candidate], margin: float) -> list[Candidate]:
    best = max((one.score for one in candidates), default=0.0)
    return [one for one in candidates if one.score >= best - margin]


def _from_previous(newest_first: Sequence[Candidate], query: Set[str]) -> list[Candidate]:
    """First the newest that has another value than the newest of all."""
    newest, *older = newest_first
    common = _common(newest_first) | query
    present = _value(newest.content, common)
    previous = next((one for one in older if not _same(_value(one.content, common), present)), None)
    if previous is None:
        return [*newest_first]
    return [previous, *(one for one in newest_first if one is not previous)]


def _common(candidates: Sequence[Candidate]) -> Set[str]:
    """Words of at least a third of them, and of two."""
    counts: dict[str, int] = {}
    for one in candidates:
        for word in one.content.set:
            counts[word] = counts.get(word, 0) + 1
    least = max(2, len(candidates) / 3)
    numbers = {word for word in counts if any(char.isdigit() for char in word)}
    return {word for word, count in counts.items() if count >= least} - numbers


def _value(content: Content, common: Set[str]) -> Set[str]:
    return content.numbers or content.set - common


def _same(one: Set[str], other: Set[str]) -> bool:
    return one == other or (bool(one and other) and (one <= other or other <= one))


def _says_literally(one: Candidate, order: Order, query: Set[str]) -> bool:
    """ "My first car was …", said whenever it was."""
    pattern = _LITERAL.get(order)
    if pattern is None:
        return False
    found = pattern.search(one.text)
    if found is None:
        return False
    following = one.text[found.end() : found.end() + 40].split()[:3]
    return bool(stems_of(" ".join(following)) & query)
