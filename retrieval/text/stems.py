"""Stems of a word by Snowball, in the language that its script or its text suggests."""

from collections.abc import Sequence
from functools import cache

import Stemmer

from retrieval.text.normal_form import folded

_BY_SCRIPT = (
    ("\u0370", "\u03ff", ("greek",)),
    ("\u0400", "\u04ff", ("russian", "serbian")),
    ("\u0530", "\u058f", ("armenian",)),
    ("\u0590", "\u05ff", ("", "yiddish")),
    ("\u0600", "\u06ff", ("arabic",)),
    ("\u0900", "\u097f", ("hindi", "nepali")),
    ("\u0b80", "\u0bff", ("tamil",)),
)
"""First and last letter, and languages that write with them, the default first."""
_LATIN_ENDS = _BY_SCRIPT[0][0]
_NOT_LATIN = {name for _, _, names in _BY_SCRIPT for name in names}


def stems(word: str, languages: Sequence[str]) -> list[str]:
    """Folded stems of a word in lower case, of the word as it is written and without accents."""
    plain = folded(word)
    found: dict[str, None] = {}
    for language in _fitting(word, languages):
        found[folded(_stem(word, language))] = None
        if plain != word:
            found[_stem(plain, language)] = None
    return list(found)


def _fitting(word: str, languages: Sequence[str]) -> Sequence[str]:
    if word[0] < _LATIN_ENDS:
        return [language for language in languages if language not in _NOT_LATIN] or ["english"]
    for first, last, names in _BY_SCRIPT:
        if first <= word[0] <= last:
            return [language for language in languages if language in names] or names[:1]
    return languages


def _stem(word: str, language: str) -> str:
    stemmer = _stemmer(language)
    return word if stemmer is None else stemmer.stemWord(word)


@cache
def _stemmer(language: str) -> "Stemmer.Stemmer | None":
    if language not in Stemmer.algorithms():
        return None
    return Stemmer.Stemmer(language, 0)  # without its cache: terms.py has one
