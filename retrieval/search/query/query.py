"""What a query asks for: people, days, places, and the text to embed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from retrieval.search.query.days import Days, Reading, read_days, without
from retrieval.search.query.keywords import are_keywords
from retrieval.search.query.order import Order, asked_order
from retrieval.search.query.people import About, as_first_person, asked_about, mentions
from retrieval.search.query.small_talk import is_greeting_of, is_small_talk

MAX_EMBEDDED_CHARS = 2000
"""The embedding model reads less than this."""

_WHERE = re.compile(
    r"^\W*where\b|\b(?:what|which)\s+(?:city|country|place|state|town)\b", re.IGNORECASE
)
_ASKING = re.compile(
    r"""^\W*(?:(?:and|but|so|or)\s+)?
    (?:who|whom|whose|what|when|where|which|why|how
      |am|is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Query:
    text: str
    embedded_text: str
    about: About
    days: list[Days]
    day_words: frozenset[str]
    """Folded words that name the days."""
    asked_at: datetime
    """In the asker's time zone, in which days begin and end."""
    asks_where: bool
    small_talk: bool
    keywords: bool
    """A few words with content, and no sentence."""
    order: Order | None = None


def understand(
    text: str,
    *,
    names: Mapping[str, frozenset[str]],
    participants: int,
    asker: str | None,
    now: datetime,
    language: str = "english",
) -> Query:
    """`names`, `participants`, `language` as in SearchContext; `now` in the asker's time zone."""
    read = read_days(text[:MAX_EMBEDDED_CHARS], now=now, language=language)
    named = mentions(text, names, participants=participants)
    return Query(
        text=text,
        embedded_text=_as_question(as_first_person(text, named)[:MAX_EMBEDDED_CHARS]),
        about=asked_about(text, named, asker=asker),
        days=[one.days for one in read],
        day_words=frozenset(word for one in read for word in one.words(text)),
        asked_at=now,
        asks_where=_WHERE.search(text) is not None,
        small_talk=is_small_talk(text) or is_greeting_of(text, named),
        keywords=are_keywords(text, language=language),
        order=_order(text, read, today=now.date(), language=language),
    )


def _order(text: str, read: Sequence[Reading], *, today: date, language: str) -> Order | None:
    """Words that name days are none of order ("the week before last"), but "as of today" is."""
    order = asked_order(text, language=language)
    if order is None or not read:
        return order
    if order == "newest" and all((one.days.first, one.days.last) == (today, today) for one in read):
        return order
    return asked_order(without(text, read), language=language)


def _as_question(text: str) -> str:
    """Add the question mark that transcribed speech lacks."""
    bare = text.rstrip()
    return f"{bare}?" if bare[-1:].isalnum() and _ASKING.match(bare) else text
