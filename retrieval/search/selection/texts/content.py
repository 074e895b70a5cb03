"""What a short text says, as a cheap set of words: for telling repeats, corrections and answers."""

import re
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Final

from retrieval.text.function_words import FUNCTION_WORDS
from retrieval.text.normal_form import folded, readable
from retrieval.text.words import UNSPACED

MOST_STEMS: Final = 50_000
MAX_CHARS: Final = 2000
"""Of a longer text only the beginning is read."""

_WORD = re.compile(rf"[{UNSPACED}]|[^\W_]+(?:'[^\W\d_]+)?")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_DIGIT = re.compile(r"\d")
_ENDINGS = re.compile(r"(?<=\w{3})(?:ing|ies|ied|ed|es|s)$")
_LAST_VOWEL = re.compile(r"(?<=\w{3})[ey]$")
NEGATIONS: Final = frozenset(
    _WORD.findall("""
not no never none nobody neither nor without cannot hardly
nicht kein keine keinen keinem keiner nie niemals ohne
pas jamais sans aucun aucune plus nunca sin ningun ninguna ni non mai senza nao nem
niet geen nooit zonder inte aldrig utan ikke aldri не нет ни никогда без nigdy bez degil yok
""")
)
"""Words of content here, although they are function words for an index."""


class Content:
    """Words as stems; those with content without function words."""

    def __init__(self, text: str, *, language: str) -> None:
        self.words = stems_in(text)
        self.set = frozenset(self.words) - _function_words(language)

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Words with content, in order."""
        return tuple(word for word in self.words if word in self.set)

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(word for word in self.set if not word.isalpha() and _DIGIT.search(word))


def stems_in(text: str) -> list[str]:
    """In order, of function words too."""
    return [*map(_STEMS.__getitem__, _words(text))]


def opening_stems(text: str) -> Iterator[str]:
    """The same of a short text, as far as they are asked for."""
    plain = folded(readable(text))
    words = (_ASCII_WORD if plain.isascii() else _WORD).finditer(plain)
    return (_STEMS[match.group()] for match in words)


def stems_of(words: str) -> frozenset[str]:
    """Of a list of words as text."""
    return frozenset(stems_in(words))


def _words(text: str) -> list[str]:
    plain = folded(readable(text[:MAX_CHARS]))
    return (_ASCII_WORD if plain.isascii() else _WORD).findall(plain)


class _Stems(dict[str, str]):
    """Filled as words are met, with words of messages and nothing else of them; emptied when full:
    to keep the latest of them would cost as much as the look-up.
    """

    def __missing__(self, word: str) -> str:
        if len(self) >= MOST_STEMS:
            self.clear()
        self[word] = found = _stem(word)
        return found


def _stem(word: str) -> str:
    """Crude, for a few dozen texts of a search: Snowball would cost more than it tells."""
    if word.endswith("n't"):
        return "not"
    bare = word.removesuffix("'s")
    if len(bare) <= 3 or not bare.isalpha():
        return bare
    return _LAST_VOWEL.sub("", _ENDINGS.sub("", bare))


@cache
def _function_words(language: str) -> frozenset[str]:
    words = FUNCTION_WORDS["english"] | FUNCTION_WORDS.get(language, frozenset())
    plain = {folded(word) for word in words}
    return frozenset(_stem(word) for word in plain) - NEGATIONS


_STEMS: Final = _Stems()
