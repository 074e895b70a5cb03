"""The terms of a message: what its index entries are made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from retrieval.text import words
from retrieval.text.normal_form import readable
from retrieval.text.terms import numbers
from retrieval.text.terms.codes import EXACT_PREFIX, codes, telling_digits
from retrieval.text.terms.forms import characters, languages_of, neighbours, read_word, with_content
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
    found = list(words.pieces(text))
    languages = languages_of(found, language)
    counts: dict[str, int] = {}
    vocabulary: set[str] = set()
    length = 0
    for piece in (*with_content(text, found, languages), *_name_pieces(participant)):
        terms: Iterable[str]
        if piece.kind == "word":
            word = read_word(piece.written, languages)
            terms = word.weights
            vocabulary.update(word.spelled)
            length += 1
        else:
            terms = _unspaced_terms(piece)
            length += len(piece.written)
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
    exact: set[str] = set()
    for forms in _exact_terms(words.without_unspaced(text)):
        exact |= forms
        length += 1
    for term in exact:
        counts[term] = counts.get(term, 0) + 1
    return Terms(counts, max(1, length), frozenset(vocabulary))


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
def _name_pieces(participant: str) -> tuple[Piece, ...]:
    return tuple(p for p in words.pieces(readable(participant)) if not p.written.isdigit())


def _unspaced_terms(piece: Piece) -> list[str]:
    if piece.kind == "emoji":
        return [EXACT_PREFIX + piece.written]
    return [*characters(piece.written), *neighbours(piece.written)]


def _number_terms(number: Number) -> set[str]:
    whole = [digits for digits in (*number.whole, *number.parts) if digits.isdigit()]
    return {*number.whole, *number.parts, *(end for digits in whole for end in suffixes(digits))}
