"""Reads words of order in a query: now, latest; first, originally; previous, before."""

import re
from functools import cache

from retrieval.search.query.order.words import ANY_LANGUAGE, ENGLISH_SIGNS, PATTERNS, Order
from retrieval.text.function_words import language_of

MAX_CHARS = 1000
"""Of a longer query only so much is read."""
_ORDERS: tuple[Order, ...] = ("previous", "oldest", "newest")
""""The last address before this one" has words of two orders."""
_WORD = re.compile(r"\w+")
_EVER_BEFORE = re.compile(r"(\bever\b.*)\bbefore(?=\W*$)", re.IGNORECASE | re.DOTALL)
"""Asks for any time, not for what was there before the present."""


def asked_order(text: str, *, language: str) -> Order | None:
    """`language` of the room; the query's own is read as well."""
    asked = _EVER_BEFORE.sub(r"\1", text[:MAX_CHARS])
    patterns = _languages(asked, language)
    if not patterns:
        return None
    return next(
        (
            order
            for order in _ORDERS
            if any(_compiled(one, order).search(asked) for one in patterns)
        ),
        None,
    )


def without_order_words(text: str, *, language: str) -> str:
    asked = _EVER_BEFORE.sub(r"\1", text[:MAX_CHARS])
    for order in _ORDERS:
        for one in _languages(asked, language):
            asked = _compiled(one, order).sub(" ", asked)
    return asked


def _languages(asked: str, language: str) -> list[str]:
    """Whose patterns may match: each costs more than all else that is read in a query."""
    words = _WORD.findall(asked.lower())
    found = [] if asked.isascii() else [ANY_LANGUAGE]
    if not ENGLISH_SIGNS.isdisjoint(words):
        found.append("english")
    others = dict.fromkeys((language, language_of(words, default=language)))
    return [*found, *(one for one in others if one != "english" and one in PATTERNS)]


@cache
def _compiled(language: str, order: Order) -> re.Pattern[str]:
    return re.compile(getattr(PATTERNS[language], order), re.IGNORECASE | re.VERBOSE)
