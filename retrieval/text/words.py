"""Cuts a readable text into words, runs of scripts without spaces, and emoji."""

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import regex

# Han, Hiragana, Katakana, Hangul, Thai, Lao, Khmer, Burmese: no spaces between words, or, in
# Korean, particles attached to them.
UNSPACED: Final = (
    r"\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f"
    r"\U00020000-\U0003ffff"
)
_PIECE = regex.compile(
    rf"""([[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]+(?:'[[\p{{L}}\p{{M}}]--[{UNSPACED}]]+)*)
    | ([{UNSPACED}]+)
    | ([\p{{Extended_Pictographic}}--[©®]] | [\U0001f1e6-\U0001f1ff]{{2}})""",
    regex.V1 | regex.VERBOSE,
)
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")  # the same, twice as fast
_UNSPACED_RUN = regex.compile(f"[{UNSPACED}]+")
_HUMPS = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})", regex.V1)
_LETTERS = regex.compile(r"\p{L}[\p{L}\p{M}]+")
_OPENS = regex.compile(r"(?:^|[.!?:\n。！？])[\s\"'(\[*_]*\Z")
_OPENING_REACH = 12

ENDINGS = frozenset({"s", "t", "d", "m", "re", "ve", "ll"})
"""Behind an apostrophe: 's, n't, I'm …"""
ELISIONS = frozenset({
    "c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu",
    "all", "dall", "dell", "nell", "sull", "un", "quell",
})  # fmt: skip
"""Before an apostrophe: l'eau, dell'arte …"""
LEAST_PART = 3

Kind = Literal["word", "unspaced", "emoji"]
_KINDS: dict[int, Kind] = {1: "word", 2: "unspaced", 3: "emoji"}


class Piece(NamedTuple):
    kind: Kind
    written: str
    start: int


class Spellings(NamedTuple):
    """Of one word, in lower case with its accents: as a whole, and the parts it is joined from."""

    whole: str
    parts: tuple[str, ...]


def pieces(text: str) -> list[Piece]:
    return list(each_piece(text))


def each_piece(text: str) -> Iterator[Piece]:
    """The same, as far as they are asked for."""
    if text.isascii():
        return (Piece("word", m[0], m.start()) for m in _ASCII_WORD.finditer(text))
    return (Piece(_KINDS[m.lastindex or 1], m[0], m.start()) for m in _PIECE.finditer(text))


def without_unspaced(text: str) -> str:
    """With a space for each run of a script without spaces: numbers and codes stand free."""
    return text if text.isascii() else _UNSPACED_RUN.sub(" ", text)


def opens_sentence(text: str, start: int) -> bool:
    """Whether a word there has its capital from its place only."""
    return _OPENS.search(text, max(0, start - _OPENING_REACH), start) is not None


def spellings(written: str) -> Spellings:
    """`NameService` also has name and service, `Name2` has name, `O'Neill` has neill."""
    if written.isalpha() and (written.islower() or written.istitle()):
        return Spellings(written.casefold(), ())  # most words
    bare = _without_endings(written)
    humps = [part for piece in bare.split("'") for part in _HUMPS.split(piece)]
    lettered = [part for hump in humps for part in _LETTERS.findall(hump)]
    whole = bare.replace("'", "").casefold()
    parts = dict.fromkeys(part.casefold() for part in lettered if len(part) >= LEAST_PART)
    parts.pop(whole, None)
    return Spellings(whole, tuple(parts))


def _without_endings(written: str) -> str:
    first, *rest = written.split("'")
    if not rest:
        return written
    if rest[-1].casefold() in ENDINGS:
        return "'".join([first, *rest[:-1]])
    if first.casefold() in ELISIONS:
        return "'".join(rest)
    return written
