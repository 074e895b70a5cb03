"""What is read in a text: its languages, its words with content, and the terms of each word."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from retrieval.text import words
from retrieval.text.function_words import FUNCTION_WORDS, language_of
from retrieval.text.normal_form import folded, readable
from retrieval.text.stems import stems
from retrieval.text.words import Piece

PART_WEIGHT: Final = 0.7
LEAST_SPELLED: Final = 4

_HEBREW_PREFIXES = "והבלמשכ"
_ARABIC_PREFIXES = "والفبكسأ"
_ARABIC_ARTICLES = ("وال", "بال", "كال", "فال", "ولل", "لل", "ال")
_LEAST_PREFIXED = 4
_FIRST_HEBREW = "\u0590"
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_LETTERS_WITHOUT_SPACES = (("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"))


@dataclass(frozen=True, slots=True)
class Word:
    """How a word is read in given languages."""

    weights: dict[str, float]
    """By term; 1 for the word itself, less for a part of it."""
    spelled: tuple[str, ...]
    """Folded, of letters only: what a misspelt word is compared with."""
    has_content: bool


Read = tuple[Piece, Word | None]
"""A piece, and how it is read if it is a word."""


def languages_of(found: Iterable[Piece], language: str) -> tuple[str, ...]:
    """The room's, and the text's own if it is another one."""
    lower = [written.lower() for kind, written, _ in found if kind == "word"]
    own = language_of(lower, default=language)
    return (language,) if own == language else (language, own)


def with_content(text: str, found: Iterable[Piece], languages: tuple[str, ...]) -> list[Read]:
    """Without numbers and function words, unless these look like titles ("Up") or are all."""
    told = read(found, languages)
    kept = [
        (piece, word)
        for piece, word in told
        if word is None or word.has_content or looks_like_a_title(text, piece)
    ]
    return kept or told


def read(found: Iterable[Piece], languages: tuple[str, ...]) -> list[Read]:
    """Without numbers."""
    return [
        (piece, read_word(piece.written, languages) if piece.kind == "word" else None)
        for piece in found
        if not piece.written.isdigit()
    ]


def looks_like_a_title(text: str, piece: Piece) -> bool:
    written = piece.written
    return (
        written[0].isupper()
        and len(written) > 1
        and "'" not in written
        and not text.isupper()
        and not words.opens_sentence(text, piece.start)
    )


def content(text: str, *, language: str) -> list[str]:
    """Words, runs, and emoji without function words, and numbers, in lower case."""
    asked = readable(text)
    found = words.pieces(asked)
    languages = languages_of(found, language)
    return [
        piece.written.lower()
        for piece in found
        if piece.kind != "word" or read_word(piece.written, languages).has_content
    ]


@lru_cache(maxsize=50_000)
def read_word(written: str, languages: tuple[str, ...]) -> Word:
    whole, parts = words.spellings(written)
    weights = dict.fromkeys(_forms(whole, languages), 1.0)
    for part in parts:
        for form in _forms(part, languages):
            weights.setdefault(form, PART_WEIGHT)
    long = (word for word in (whole, *parts) if len(word) >= LEAST_SPELLED and word.isalpha())
    return Word(
        weights,
        spelled=tuple(folded(word) for word in long),
        has_content=not any(whole in FUNCTION_WORDS.get(name, ()) for name in languages),
    )


def _forms(word: str, languages: tuple[str, ...]) -> list[str]:
    forms = dict.fromkeys(stems(word, languages))
    for other in (*_with_two_letters(word), *_without_prefix(word)):
        forms.update(dict.fromkeys((folded(other), *stems(other, languages))))
    return list(forms)


def _with_two_letters(word: str) -> Iterator[str]:
    """Mueller for Müller, Soeren for Søren, Haakon for Håkon."""
    spelled_out = word.translate(_TWO_LETTERS)
    if spelled_out != word:
        yield spelled_out


def _without_prefix(word: str) -> Iterator[str]:
    """Hebrew and Arabic write "and", "the", "in" as one with the word."""
    if word[0] < _FIRST_HEBREW or len(word) < _LEAST_PREFIXED:
        return
    if word[0] in _HEBREW_PREFIXES:
        yield word[1:]
        if word[1] in _HEBREW_PREFIXES and len(word) > _LEAST_PREFIXED:
            yield word[2:]
    elif word[0] in _ARABIC_PREFIXES:
        yield word
        yield word[1:]
        article = next((p for p in _ARABIC_ARTICLES if word.startswith(p)), "")
        if article and len(word) >= len(article) + 2:
            yield word.removeprefix(article)


def neighbours(run: str) -> list[str]:
    """Pairs of characters; of Thai, Lao, Khmer and Burmese letters also three together."""
    sizes = (2, 3) if is_alphabetic(run) else (2,)
    return [run[at : at + size] for size in sizes for at in range(len(run) - size + 1)]


def characters(run: str) -> list[str]:
    """Each once, where one has a meaning, or stands alone."""
    return [] if is_alphabetic(run) and len(run) > 1 else list(dict.fromkeys(run))


def is_alphabetic(run: str) -> bool:
    return any(first <= run[0] <= last for first, last in _LETTERS_WITHOUT_SPACES)
