"""Whether a query can only be understood in the light of what was said just before it.

A closed list of signs, each of which needs the query to say little else: what stands on its own
must be searched as it stands.
"""

import re
from typing import Literal

from retrieval.search.query.dates import without_days
from retrieval.search.query.follow_up.stop_words import content_words
from retrieval.search.query.small_talk import is_small_talk

Sign = Literal["bare", "opening", "about", "thing", "person"]
"""Why a query is a follow-up.

bare: no word of it names anything ("why?", "the second one?"); opening: it goes on with "and" and
hardly more ("und im März?"); about: "what about …?"; thing: "it", "that", "them" and hardly more;
person: "he" or "she", and enough else to be searched once it is known who.
"""

MAX_FOLLOW_UP_CHARS = 300
MAX_OPENED_WORDS = 5
"""Of a query that goes on with "and" in a language whose content words are not known."""
HARDLY_MORE = 2
"""Content words beside a sign."""

_WORD = re.compile(r"\w+")
_AND = re.compile(r"^\W*(?:and|but|or)\s+(?=\w)", re.IGNORECASE)
_FOREIGN_AND = re.compile(
    r"^\W*(?:und|aber|oder|et|mais|ou|y|pero|e|en|maar|och|og|и|а|но|و)\s+(?=\w)", re.IGNORECASE
)
_ABOUT = re.compile(
    r"^\W*(?:(?:and|but|or|so)\s+)?(?:(?:what|how)\s+about|what\s+of)\s+(?=\w)", re.IGNORECASE
)
# The particles with which Chinese and Japanese ask "and …?"; no space marks where words end.
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


def sign_of_follow_up(text: str) -> Sign | None:
    """The sign that the query needs what was said before it; None if it stands on its own.

    Only "person" depends on more than the text: a name in the query takes the sign away.
    """
    if len(text) > MAX_FOLLOW_UP_CHARS or not _WORD.search(text) or is_small_talk(text):
        return None
    content = len(content_words(text))
    if _ABOUT.match(text) or _ABOUT_PARTICLE.match(text):
        return "about" if content <= HARDLY_MORE else None
    if content == 0:
        return "bare"
    if _FOREIGN_AND.match(text) and len(_WORD.findall(text)) <= MAX_OPENED_WORDS:
        return "opening"
    if content <= HARDLY_MORE and _THING.search(text):
        return "thing"
    if content < HARDLY_MORE and PERSON.search(text):
        return "opening"
    if _AND.match(text) and len(content_words(without_days(text))) < HARDLY_MORE:
        return "opening"
    return "person" if PERSON.search(text) else None


def after_opening(text: str) -> str:
    """The query without the "and" or "what about" that it goes on with."""
    return _AND.sub("", _FOREIGN_AND.sub("", _ABOUT.sub("", text))).strip()
