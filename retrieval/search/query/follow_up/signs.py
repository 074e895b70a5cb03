"""Whether a query needs what was said before it; signs count only if it has little content."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from retrieval.search.query.days import without_days
from retrieval.search.query.follow_up.content_words import content_words
from retrieval.search.query.small_talk import is_small_talk

Sign = Literal["bare", "opening", "about", "thing", "person"]
"""Why a query is a follow-up.

bare: no content words ("why?", "the second one?"); opening: "and" and hardly more ("und im März?");
about: "what about …?"; thing: "it", "that", "them" and hardly more; person: "he" or "she", and
enough content to search for once the person is known.
"""

MAX_FOLLOW_UP_CHARS = 300
MAX_OPENED_WORDS = 5
"""Words after "and" in languages for which there are no stop words here."""
HARDLY_MORE = 2
"""Up to so many content words, a query has hardly any content."""

_WORD = re.compile(r"\w+")
_AND = re.compile(r"^\W*(?:and|but|or)\s+(?=\w)", re.IGNORECASE)
_FOREIGN_AND = re.compile(
    r"^\W*(?:und|aber|oder|et|mais|ou|y|pero|e|en|maar|och|og|и|а|но|و)\s+(?=\w)", re.IGNORECASE
)
_ABOUT = re.compile(
    r"^\W*(?:(?:and|but|or|so)\s+)?(?:(?:what|how)\s+about|what\s+of)\s+(?=\w)", re.IGNORECASE
)
# Chinese and Japanese particles for "and …?"; no spaces between words.
_ABOUT_PARTICLE = re.compile(r"^\S{1,12}(?:呢|は)\s*[?？]?\s*$")
_THING = re.compile(
    r"""\b(?:it|they|them|their|theirs|its|these|those|this|there)\b
      | \b(?:is|was|are|were|does|did|do|has|had|will|would|can|could|about|of|for|with|after
            |before|by|in|on|at|to|from|like)\s+that\b
      | \bthat(?:\s+one)?(?=\s*(?:$|[?.!,]))
      | \b(?:the|that|this|which|what)\s+(?:other\s+|same\s+)?ones?\b""",
    re.IGNORECASE | re.VERBOSE,
)
PERSON = re.compile(r"\b(?:s?he|him|her|his|hers)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Text:
    text: str
    content: int


def _asks_about(query: _Text) -> bool:
    return bool(_ABOUT.match(query.text) or _ABOUT_PARTICLE.match(query.text))


def _opens_in_another_language(query: _Text) -> bool:
    few = len(_WORD.findall(query.text)) <= MAX_OPENED_WORDS
    return few and _FOREIGN_AND.match(query.text) is not None


def _opens_with_and(query: _Text) -> bool:
    if not _AND.match(query.text):
        return False
    return len(content_words(without_days(query.text))) < HARDLY_MORE


_SIGNS: tuple[tuple[Sign | None, Callable[[_Text], bool]], ...] = (
    (None, lambda query: _asks_about(query) and query.content > HARDLY_MORE),
    ("about", _asks_about),
    ("bare", lambda query: query.content == 0),
    ("opening", _opens_in_another_language),
    ("thing", lambda query: query.content <= HARDLY_MORE and bool(_THING.search(query.text))),
    ("opening", lambda query: query.content < HARDLY_MORE and bool(PERSON.search(query.text))),
    ("opening", _opens_with_and),
    ("person", lambda query: PERSON.search(query.text) is not None),
)
"""The first that holds counts."""


def sign_of_follow_up(text: str) -> Sign | None:
    """None if it can be searched as it is. For "person", check that the query has no name."""
    if len(text) > MAX_FOLLOW_UP_CHARS or not _WORD.search(text) or is_small_talk(text):
        return None
    query = _Text(text, content=len(content_words(text)))
    return next((sign for sign, holds in _SIGNS if holds(query)), None)


def after_opening(text: str) -> str:
    """Without the leading "and" or "what about"."""
    return _AND.sub("", _FOREIGN_AND.sub("", _ABOUT.sub("", text))).strip()
