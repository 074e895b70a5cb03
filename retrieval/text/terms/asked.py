"""The terms of a query: what is looked up, and what each is worth."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from retrieval.text import words
from retrieval.text.normal_form import readable
from retrieval.text.terms import numbers
from retrieval.text.terms.codes import EXACT_PREFIX, TELLING_DIGITS, codes, telling_digits
from retrieval.text.terms.forms import (
    PART_WEIGHT,
    Word,
    characters,
    languages_of,
    neighbours,
    with_content,
)
from retrieval.text.terms.names import starts_of_names
from retrieval.text.terms.numbers import Number, suffixes
from retrieval.text.words import Piece

SUFFIX_WEIGHT: Final = {9: 0.9, 7: 0.8, 4: 0.7}
GROUP_WEIGHT: Final = 0.5
SINGLE_CHARACTER: Final = 0.4
"""Of a longer run, next to its pairs: a character alone is often half a word."""
CODE_IMPORTANCE: Final = 2.0
NUMBER_IMPORTANCE: Final = 1.5
MAX_QUERY_TERMS: Final = 200
MOST_READ: Final = 2 * MAX_QUERY_TERMS
"""Codes, numbers, and terms of words each: bounds the work for a query without spaces."""
MOST_PIECES: Final = 1000


@dataclass(frozen=True)
class QueryTerm:
    """One thing asked for: any of its terms is a match."""

    weights: dict[str, float]
    """By term; 1 for the very word."""
    importance: float = 1.0
    required: bool = True
    """Whether to occur nowhere lowers all scores; other spellings of a code, and emoji, need not
    occur."""
    spelling: str | None = None
    """The folded word, if a similar one may be meant."""
    name: bool = False
    """Whether it is written as names and identifiers are."""

    def without_name_in(self, words: Set[str]) -> "QueryTerm":
        """As no name if it is one of these words, such as those of months."""
        if not self.name or words.isdisjoint((self.spelling or "", *self.weights)):
            return self
        return replace(self, name=False)


def query_terms(text: str, *, language: str) -> list[QueryTerm]:
    """Each once, codes first. Function words count only where the query has nothing else."""
    asked = readable(text)
    found = list(islice(words.each_piece(asked), MOST_PIECES))
    languages = languages_of(found, language)
    spaced = words.without_unspaced(asked)
    written = list(islice(codes(spaced), MOST_READ))
    terms = [_asked_code(forms) for forms in written]
    terms += [_asked_number(number) for number in islice(numbers.numbers(spaced), MOST_READ)]
    names = starts_of_names(asked, found, languages, codes=written)
    terms += islice(
        (
            term
            for piece, word in with_content(asked, found, languages)
            for term in _asked(piece, word, is_name=piece.start in names)
        ),
        MOST_READ,
    )
    distinct = {tuple(term.weights): term for term in reversed(terms)}
    return list(distinct.values())[::-1][:MAX_QUERY_TERMS]


def _asked(piece: Piece, word: Word | None, *, is_name: bool) -> Iterator[QueryTerm]:
    if word is not None:
        yield QueryTerm(word.weights, spelling=next(iter(word.spelled), None), name=is_name)
    elif piece.kind == "emoji":
        yield QueryTerm({EXACT_PREFIX + piece.written: 1.0}, required=False)
    else:
        yield from (QueryTerm({two: 1.0}, required=False) for two in neighbours(piece.written))
        importance = SINGLE_CHARACTER if len(piece.written) > 1 else 1.0
        yield from (QueryTerm({char: 1.0}, importance) for char in characters(piece.written))


def _asked_number(number: Number) -> QueryTerm:
    weights = dict.fromkeys(number.whole, 1.0)
    for digits in number.whole:
        for end in suffixes(digits) if digits.isdigit() else ():
            if len(end) > TELLING_DIGITS + 1:
                weights.setdefault(end, SUFFIX_WEIGHT[len(end) - 1])
    for part in number.parts:
        weights.setdefault(part, GROUP_WEIGHT)
    for digits in [*weights]:
        if len(digits) == TELLING_DIGITS and digits.isdigit():
            weights.setdefault(numbers.SUFFIX + digits, SUFFIX_WEIGHT[4] * weights[digits])
    telling = any(len(digits) > TELLING_DIGITS for digits in weights)
    return QueryTerm(weights, NUMBER_IMPORTANCE if telling else 1.0)


def _asked_code(forms: Sequence[str]) -> QueryTerm:
    weights = dict.fromkeys(forms, 1.0)
    for digits in telling_digits(forms):
        weights.setdefault(digits, PART_WEIGHT)
    return QueryTerm(weights, CODE_IMPORTANCE, required=False)
