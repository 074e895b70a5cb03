"""Terms of messages and queries: what the lexical arm stores, and what it asks for.

One analysis for both, in Python: no server's locale or parser has a say. Terms are stems of words,
codes, canonical numbers, single characters and pairs of scripts without spaces, and emoji. Raise
VERSION with every change of what is stored: rooms are then indexed anew.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from retrieval.text import numbers, words
from retrieval.text.exact_terms import EXACT_PREFIX, codes
from retrieval.text.function_words import FUNCTION_WORDS, language_of
from retrieval.text.normal_form import folded, readable
from retrieval.text.numbers import Number, suffixes
from retrieval.text.stems import stems
from retrieval.text.words import Piece

VERSION: Final = 1

PART_WEIGHT: Final = 0.7
SUFFIX_WEIGHT: Final = {9: 0.9, 7: 0.8, 4: 0.7}
GROUP_WEIGHT: Final = 0.5
SINGLE_CHARACTER: Final = 0.4
"""Of a longer run, next to its pairs: a character alone is often half a word."""
CODE_IMPORTANCE: Final = 2.0
NUMBER_IMPORTANCE: Final = 1.5
TELLING_DIGITS: Final = 4
LEAST_SPELLED: Final = 4
MAX_QUERY_TERMS: Final = 200

_HEBREW_PREFIXES = "והבלמשכ"
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "لل", "ال")
_LEAST_PREFIXED = 4


@dataclass(frozen=True)
class Terms:
    """Of one passage."""

    counts: dict[str, int]
    words: int
    """Its length: words with content, numbers and codes."""
    vocabulary: frozenset[str]
    """Folded words of letters, for finding misspelt ones."""


@dataclass(frozen=True)
class QueryTerm:
    """One thing asked for: any of its terms is a match."""

    weights: dict[str, float]
    """By term; 1 for the very word."""
    importance: float = 1.0
    required: bool = True
    """Whether to occur nowhere lowers all scores; other spellings of a code need not occur."""
    spelling: str | None = None
    """The folded word, if a similar one may be meant."""


def passage_terms(passage: str, *, participant: str, language: str) -> Terms:
    """`participant` is indexed as words are."""
    text = readable(passage)
    found = list(words.pieces(text))
    languages = _languages(found, language)
    counts: Counter[str] = Counter()
    vocabulary: set[str] = set()
    length = 0
    for piece in [*_with_content(text, found, languages), *_name_pieces(participant)]:
        counts.update(_piece_terms(piece, languages))
        length += 1 if piece.kind == "word" else len(piece.written)
        if piece.kind == "word":
            vocabulary.update(_spelled(piece.written))
    exact: set[str] = set()
    spaced = words.without_unspaced(text)
    for number in numbers.numbers(spaced):
        exact |= _number_terms(number)
        length += 1
    for forms in codes(spaced):
        exact.update(forms)
        exact.update(term for digits in _digits(forms) for term in (digits, *suffixes(digits)))
        length += 1
    counts.update(exact)
    return Terms(dict(counts), max(1, length), frozenset(vocabulary))


def query_terms(text: str, *, language: str) -> list[QueryTerm]:
    """Each once, codes first. Function words count only where the query has nothing else."""
    asked = readable(text)
    found = list(words.pieces(asked))
    languages = _languages(found, language)
    spaced = words.without_unspaced(asked)
    terms = [_asked_code(forms) for forms in codes(spaced)]
    terms += [_asked_number(number) for number in numbers.numbers(spaced)]
    terms += [
        term
        for piece in _with_content(asked, found, languages)
        for term in _asked(piece, languages)
    ]
    distinct = {tuple(term.weights): term for term in reversed(terms)}
    return list(distinct.values())[::-1][:MAX_QUERY_TERMS]


def content(text: str, *, language: str) -> list[str]:
    """Words, runs, and emoji without function words, and numbers, in lower case."""
    asked = readable(text)
    found = list(words.pieces(asked))
    known = _function_words(_languages(found, language))
    return [
        piece.written.lower()
        for piece in found
        if piece.kind != "word" or words.spellings(piece.written).whole not in known
    ]


def _languages(found: Sequence[Piece], language: str) -> tuple[str, ...]:
    """The room's, and the text's own if it is another one."""
    lower = [piece.written.lower() for piece in found if piece.kind == "word"]
    own = language_of(lower, default=language)
    return (language,) if own == language else (language, own)


@cache
def _function_words(languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(FUNCTION_WORDS.get(language, ()) for language in languages))


def _with_content(text: str, found: Sequence[Piece], languages: tuple[str, ...]) -> Iterator[Piece]:
    """Without function words, unless they look like titles ("Up") or are all there is."""
    known = _function_words(languages)
    shouting = text.isupper()
    told = [piece for piece in found if not piece.written.isdigit()]
    kept = [
        piece
        for piece in told
        if piece.kind != "word"
        or words.spellings(piece.written).whole not in known
        or (not shouting and _looks_like_a_title(text, piece))
    ]
    return iter(kept or told)


def _looks_like_a_title(text: str, piece: Piece) -> bool:
    written = piece.written
    return (
        written[0].isupper()
        and len(written) > 1
        and "'" not in written
        and not (words.opens_sentence(text, piece.start))
    )


def _name_pieces(participant: str) -> Iterator[Piece]:
    return (p for p in words.pieces(readable(participant)) if not p.written.isdigit())


def _piece_terms(piece: Piece, languages: tuple[str, ...]) -> list[str]:
    if piece.kind == "word":
        return list(_word_terms(piece.written, languages))
    if piece.kind == "emoji":
        return [EXACT_PREFIX + piece.written]
    return [*piece.written, *_pairs(piece.written)]


@lru_cache(maxsize=50_000)
def _word_terms(written: str, languages: tuple[str, ...]) -> dict[str, float]:
    whole, parts = words.spellings(written)
    weights = dict.fromkeys(_forms(whole, languages), 1.0)
    for part in parts:
        for form in _forms(part, languages):
            weights.setdefault(form, PART_WEIGHT)
    return weights


def _forms(word: str, languages: tuple[str, ...]) -> list[str]:
    forms = stems(word, languages)
    return [*forms, *(other for form in forms for other in _without_prefix(form))]


def _without_prefix(word: str) -> Iterator[str]:
    """Hebrew and Arabic write "and", "the", "in" as one with the word."""
    if len(word) < _LEAST_PREFIXED:
        return
    if word[0] in _HEBREW_PREFIXES:
        yield word[1:]
        if word[1] in _HEBREW_PREFIXES and len(word) > _LEAST_PREFIXED:
            yield word[2:]
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) >= len(prefix) + 2:
            yield word.removeprefix(prefix)
            return


@lru_cache(maxsize=50_000)
def _spelled(written: str) -> tuple[str, ...]:
    whole, parts = words.spellings(written)
    long = (word for word in (whole, *parts) if len(word) >= LEAST_SPELLED and word.isalpha())
    return tuple(folded(word) for word in long)


def _pairs(run: str) -> Iterator[str]:
    return (run[start : start + 2] for start in range(len(run) - 1))


def _number_terms(number: Number) -> set[str]:
    whole = [digits for digits in (*number.whole, *number.parts) if digits.isdigit()]
    return {*number.whole, *number.parts, *(end for digits in whole for end in suffixes(digits))}


def _digits(forms: Sequence[str]) -> set[str]:
    """Runs of digits in a code that tell it from others."""
    return {run for form in forms for run in _runs_of_digits(form) if len(run) >= TELLING_DIGITS}


def _runs_of_digits(form: str) -> list[str]:
    return "".join(char if char.isdigit() else " " for char in form).split()


def _asked(piece: Piece, languages: tuple[str, ...]) -> Iterator[QueryTerm]:
    if piece.kind == "word":
        weights = _word_terms(piece.written, languages)
        yield QueryTerm(weights, spelling=next(iter(_spelled(piece.written)), None))
    elif piece.kind == "emoji":
        yield QueryTerm({EXACT_PREFIX + piece.written: 1.0})
    else:
        pairs = list(_pairs(piece.written))
        yield from (QueryTerm({pair: 1.0}, required=False) for pair in pairs)
        importance = SINGLE_CHARACTER if pairs else 1.0
        yield from (QueryTerm({char: 1.0}, importance) for char in dict.fromkeys(piece.written))


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
    for digits in _digits(forms):
        weights.setdefault(digits, PART_WEIGHT)
    return QueryTerm(weights, CODE_IMPORTANCE, required=False)
