"""One spelling for what keyboards, phones and word processors write in many.

`readable` keeps case, for cutting and for what depends on capitals; `folded` is what is compared.
"""

import unicodedata
from typing import Final

import regex

LONG_CHARS: Final = 1000
"""Passages are shorter."""
_MORE_MARKS = regex.compile(r"(?<=\p{M}{30})\p{M}+")
"""Beyond what Unicode calls stream-safe: to sort a run of marks costs the square of its length."""
_SINGLE_QUOTES = "‘’‚‛′ʼ´׳＇"
_DOUBLE_QUOTES = "“”„‟″«»‹›「」『』〝〞〟״＂"
_HYPHENS = "‐‑‒–—―−־﹘﹣⸺"
_SPACED = "™℠®©•·‣▪●○◦"
_DECIMAL_MARKS = {"٫": ".", "٬": ",", "،": ",", "؛": ";"}
_TATWEEL = "ـ"
_LETTERS = {
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
    "ħ": "h", "ŋ": "n", "ŧ": "t", "ĸ": "k", "ى": "ي", "ة": "ه", "ٱ": "ا",
    "ک": "ك", "ی": "ي", "ە": "ه",
}  # fmt: skip
"""Letters that Unicode does not decompose, and Arabic ones of one sound."""


def readable(text: str) -> str:
    """NFKC with ASCII digits, quotes and hyphens, without what is not seen; keeps case and words.

    Not seen: format characters (zero-width, soft hyphen, byte order mark), variation selectors,
    skin tones, points of Hebrew and Arabic.
    """
    if text.isascii():
        return text
    if len(text) > LONG_CHARS:
        text = _MORE_MARKS.sub("", text)
    return unicodedata.normalize("NFKC", text.translate(_READABLE))


def folded(word: str) -> str:
    """For comparing: no case, no accents of Latin, Greek, Cyrillic and Arabic letters."""
    if word.isascii():
        return word.lower()
    return word.casefold().translate(_UNACCENTED)


class _Readable(dict[int, str | None]):
    """Filled as characters are met: most texts use few of them."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        self[code] = found = _seen(char)
        return found


def _seen(char: str) -> str | None:
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Cf" or char == _TATWEEL or _is_point(char) or _is_modifier(char):
        return None
    if char in _SINGLE_QUOTES:
        return "'"
    if char in _DOUBLE_QUOTES:
        return '"'
    if char in _HYPHENS:
        return "-"
    if char in _SPACED or category in {"Zs", "Zl", "Zp"}:
        return " "
    return _DECIMAL_MARKS.get(char, char)


def _is_point(char: str) -> bool:
    """Vowel points of Hebrew and Arabic, which most people leave out."""
    if unicodedata.category(char) != "Mn":
        return False
    return "\u0591" <= char <= "\u05c7" or "\u064b" <= char <= "\u0652" or char in "\u0670\u06d6"


def _is_modifier(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff"


class _Unaccented(dict[int, str | None]):
    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        self[code] = found = _LETTERS.get(char) or _base(char)
        return found


def _base(char: str) -> str | None:
    if _is_accent(char):
        return None
    parts = unicodedata.normalize("NFD", char)
    if len(parts) == 1:
        return char
    base = "".join(part for part in parts if not _is_accent(part))
    return base if len(base) < len(parts) else char


def _is_accent(char: str) -> bool:
    return "\u0300" <= char <= "\u036f" or "\u0653" <= char <= "\u0655"


_READABLE: Final = _Readable()
_UNACCENTED: Final = _Unaccented()
