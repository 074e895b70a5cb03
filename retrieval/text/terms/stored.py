"""The terms of a message: what its index entries are made of."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from retrieval.text import words
from retrieval.text.normal_form import readable
from retrieval.text.terms import numbers
from retrieval.text.terms.codes import EXACT_PREFIX, codes, telling_digits
from retrieval.text.terms.forms import (
    characters,
    languages_of,
    neighbours,
    spelled,
    with_content,
    word_terms,
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
    found = list(words.pieces(text))
    languages = languages_of(found, language)
    counts: Counter[str] = Counter()
    vocabulary: set[str] = set()
    length = 0
    for piece in [*with_content(text, found, languages), *_name_pieces(participant)]:
        counts.update(_piece_terms(piece, languages))
        length += 1 if piece.kind == "word" else len(piece.written)
        if piece.kind == "word":
            vocabulary.update(spelled(piece.written))
    exact: set[str] = set()
    spaced = words.without_unspaced(text)
    for number in numbers.numbers(spaced):
        exact |= _number_terms(number)
        length += 1
    for forms in codes(spaced):
        exact.update(forms)
        exact.update(
            term for digits in telling_digits(forms) for term in (digits, *suffixes(digits))
        )
        length += 1
    counts.update(exact)
    return Terms(dict(counts), max(1, length), frozenset(vocabulary))


def _name_pieces(participant: str) -> Iterator[Piece]:
    return (p for p in words.pieces(readable(participant)) if not p.written.isdigit())


def _piece_terms(piece: Piece, languages: tuple[str, ...]) -> list[str]:
    if piece.kind == "word":
        return list(word_terms(piece.written, languages))
    if piece.kind == "emoji":
        return [EXACT_PREFIX + piece.written]
    return [*characters(piece.written), *neighbours(piece.written)]


def _number_terms(number: Number) -> set[str]:
    whole = [digits for digits in (*number.whole, *number.parts) if digits.isdigit()]
    return {*number.whole, *number.parts, *(end for digits in whole for end in suffixes(digits))}
