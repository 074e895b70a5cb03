"""Codes: what is found as it is written, such as order numbers, error codes, paths, versions."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Final

EXACT_PREFIX: Final = "="
"""Separates these terms from stemmed lexemes of the same spelling."""
MAX_TERM_CHARS: Final = 120
TELLING_DIGITS: Final = 4

_INSIDE = r"[^\s\"'`“”‘’«»<>()\[\]{},;|*]"
# With a digit, or letters joined by a mark: most words are passed over here.
_TOKEN = re.compile(rf"(?<!{_INSIDE})(?={_INSIDE}*?(?:\d|\w[_.:@\\=&#/]+\w)){_INSIDE}+")
_TELLTALE = re.compile(r"[\d_.:@\\=&#/](?:(?<=\d)|\w)")
"""Any token has it: most texts are passed over here."""
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
_NUMBER = re.compile(r"[-+\d.,'/()#]*")
_DOTTED = re.compile(r"\d+(?:[.:]\d+){2,}")
_PATH_PART = re.compile(r"[^/\\?&=:@#]+")


def codes(text: str) -> Iterator[list[str]]:
    """Of each code in a readable text of spaced words, its forms, the longest first.

    A code also yields its parts and its form without hyphens: `A-48213` and `a48213` match.
    """
    if not _TELLTALE.search(text):
        return
    for token in _tokens(text.lower()):
        forms = dict.fromkeys(EXACT_PREFIX + _bounded(form) for form in _forms(token))
        if forms:
            yield list(forms)


def has_code(text: str) -> bool:
    """Whether a readable text has a code, or a number of some length."""
    return any(_is_exact(token) for token in _tokens(text.lower()))


def _tokens(folded: str) -> Iterator[str]:
    for match in _TOKEN.finditer(folded):
        for token in _ELLIPSIS.split(match.group()):
            bare = _SCHEME.sub("", token.strip(_EDGES)).rstrip(_EDGES)
            if bare:
                yield _VERSION_MARK.sub("", bare)


def _forms(token: str) -> Iterator[str]:
    if not _is_exact(token) or _is_number(token):
        return
    yield token
    has_digit = any(char.isdigit() for char in token)
    if has_digit and _IDENTIFIER.fullmatch(token):
        yield re.sub(r"[-_#]", "", token)
    if _INNER.search(token):
        yield from (part for part in _PATH_PART.findall(token) if _is_exact(part))
        yield from (p for p in _PART.findall(token) if _is_code(p) and not p.isdigit())


def _is_number(token: str) -> bool:
    """Those are read in `numbers.py`, but versions and addresses such as 10.0.0.1 are codes."""
    return bool(_NUMBER.fullmatch(token)) and not _DOTTED.fullmatch(token)


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


def telling_digits(forms: Sequence[str]) -> set[str]:
    """Runs of digits in a code that tell it from others."""
    return {run for form in forms for run in _runs_of_digits(form) if len(run) >= TELLING_DIGITS}


def _runs_of_digits(form: str) -> list[str]:
    return "".join(char if char.isdigit() else " " for char in form).split()
