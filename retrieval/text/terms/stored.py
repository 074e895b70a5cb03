"""The terms of a message: what its index entries are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from retrieval.text import words
from retrieval.text.normal_form import readable
from retrieval.text.terms import numbers
from retrieval.text.terms.codes import EXACT_PREFIX, codes, telling_digits
from retrieval.text.terms.forms import (
    Read,
    characters,
    languages_of,
    neighbours,
    read,
    with_content,
)
from retrieval.text.terms.numbers import Number, suffixes
from retrieval.text.words import Piece

VERSION: Final = 1
"""Raise it with every change of what is stored: rooms are then indexed anew."""


@dataclass(frozen=True)
class Terms:
    """Of one passage."""

    counts: dict[str, int]
    words: int
    """Its length: words with content, numbers and codes."""
    vocabulary: frozenset[str]
    """Folded words of letters, for finding misspelt ones."""


def passage_terms(passage: str, *, participant: str, language: str) -> Terms:
    """`participant` is indexed as words are."""
    text = readable(passage)
    found = words.pieces(text)
    languages = languages_of(found, language)
    told = (*with_content(text, found, languages), *_name(participant, languages))
    spoken = [word for _, word in told if word is not None]
    unspaced = [piece for piece, word in told if word is None]
    exact = list(_exact_terms(words.without_unspaced(text)))
    counts: dict[str, int] = {}
    for term in chain(
        chain.from_iterable(word.weights for word in spoken),
        chain.from_iterable(map(_unspaced_terms, unspaced)),
        set().union(*exact),
    ):
        counts[term] = counts.get(term, 0) + 1
    length = len(spoken) + sum(len(piece.written) for piece in unspaced) + len(exact)
    vocabulary = frozenset(chain.from_iterable(word.spelled for word in spoken))
    return Terms(counts, max(1, length), vocabulary)


def _exact_terms(text: str) -> Iterator[set[str]]:
    """Of each number and each code."""
    for number in numbers.numbers(text):
        yield _number_terms(number)
    for forms in codes(text):
        yield {
            *forms,
            *(t for digits in telling_digits(forms) for t in (digits, *suffixes(digits))),
        }


@lru_cache(maxsize=10_000)
def _name(participant: str, languages: tuple[str, ...]) -> tuple[Read, ...]:
    return tuple(read(words.pieces(readable(participant)), languages))


def _unspaced_terms(piece: Piece) -> list[str]:
    if piece.kind == "emoji":
        return [EXACT_PREFIX + piece.written]
    return [*characters(piece.written), *neighbours(piece.written)]


def _number_terms(number: Number) -> set[str]:
    whole = [digits for digits in (*number.whole, *number.parts) if digits.isdigit()]
    return {*number.whole, *number.parts, *(end for digits in whole for end in suffixes(digits))}
