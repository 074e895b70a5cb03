"""Terms not to be stemmed: order numbers, error codes, paths, versions; bigrams of Thai, Han …"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

EXACT_PREFIX: Final = "="
"""Separates these terms from stemmed lexemes of the same spelling."""
MAX_TERM_CHARS: Final = 120

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_TOKEN = re.compile(r"[^\s\"'`“”‘’«»<>()\[\]{},;|*]+")
_ELLIPSIS = re.compile(r"\.{2,}")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_VERSION_MARK = re.compile(r"^v(?=\d)")
_EDGES = "!?.:…/\\-+=&~^$€£%#@_"
_ORDINARY_NUMBER = re.compile(
    r"\d{1,3}|(?:19|20)\d\d|\d+(?:st|nd|rd|th|s|am|pm|k|m|h|x|min|mins|px|kg|km|cm|mm|gb|mb|kb)"
)
_INNER = re.compile(r"[^\W_](?:[._/\\:@#=&%+~?-]+)[^\W_]")
_ABBREVIATION = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_IDENTIFIER = re.compile(r"[^\W_]+(?:[-_.#/:][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
# Han, Hiragana, Katakana, Hangul, Thai, Lao, Khmer, Burmese: PostgreSQL does not split their words
_UNSPACED = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f]{2,}"
)
_PATH_PART = re.compile(r"[^/\\?&=:@#]+")


def exact_terms(text: str) -> list[str]:
    """Distinct, with EXACT_PREFIX, in order of appearance; for messages and queries.

    A term also yields its parts and its form without hyphens: `A-48213`, `a48213`, `48213` match.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES).lower()
    found: dict[str, None] = {}
    for token in _tokens(folded):
        for form in _forms(token):
            found[EXACT_PREFIX + _bounded(form)] = None
    for run in _UNSPACED.findall(folded):
        for start in range(len(run) - 1):
            found[EXACT_PREFIX + run[start : start + 2]] = None
    return list(found)


def _tokens(folded: str) -> Iterator[str]:
    for match in _TOKEN.finditer(folded):
        for token in _ELLIPSIS.split(match.group()):
            bare = _SCHEME.sub("", token.strip(_EDGES)).rstrip(_EDGES)
            if bare:
                yield _VERSION_MARK.sub("", bare)


def _forms(token: str) -> Iterator[str]:
    if not _is_exact(token):
        return
    yield token
    has_digit = any(char.isdigit() for char in token)
    if has_digit and _IDENTIFIER.fullmatch(token):
        yield re.sub(r"[-_#]", "", token)
    if _INNER.search(token):
        yield from (part for part in _PATH_PART.findall(token) if _is_exact(part))
        yield from (part for part in _PART.findall(token) if _is_code(part))


def _is_exact(token: str) -> bool:
    return _is_code(token) or _is_joined(token)


def _is_code(token: str) -> bool:
    """Digits, alone or mixed with letters, but no small number, year or measure."""
    return (
        len(token) >= 3
        and any(char.isdigit() for char in token)
        and not _ORDINARY_NUMBER.fullmatch(token)
    )


def _is_joined(token: str) -> bool:
    """Letters joined by punctuation that is unusual inside a word."""
    if "_" in token.strip("_"):
        return True
    if not _INNER.search(token) or _ABBREVIATION.fullmatch(token):
        return False
    return any(mark in token for mark in ".:@\\=&#") or token.count("/") >= 2


def _bounded(form: str) -> str:
    if len(form) <= MAX_TERM_CHARS:
        return form
    digest = hashlib.blake2b(form.encode(), digest_size=16).hexdigest()
    return f"{form[:40]}…{digest}"
