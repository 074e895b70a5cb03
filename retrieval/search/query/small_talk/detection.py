"""Tells small talk by its words alone."""

import re
from collections.abc import Sequence

from retrieval.search.query.people import Mention
from retrieval.search.query.small_talk.courtesies.detection import is_courtesy
from retrieval.search.query.word_lists import SMALL_TALK_WORDS

_WORD = re.compile(r"[\w'’]+")
_IDIOM = re.compile(
    r"""\b(?:
        how(?:['’]?s|\s+(?:is|are|was|were))?\s+
        (?:it|you|things|everything|everyone|life|(?:your|the)\s+(?:day|week|weekend|evening|morning))
        (?:\s+(?:all|doing|going|been))?
      | how\s+do\s+you\s+do | (?:how|what)\s+about\s+you | what['’]?s\s+up | what\s+was\s+that
      | what\s+do\s+you\s+think | why\s+not | (?:what|which)ever\s+you\s+(?:think|like|want|say)
      | (?:say|repeat)\s+(?:that|it) | let['’]?s\s+get\s+started | (?:too|so)\s+bad
      | (?:a|one|just\s+a)\s+(?:second|minute|moment) | from\s+me | good\s+one | see\s+you
      | (?:talking|speaking)\s+(?:to|with)\s+you | is\s+best | have\s+to\s+(?:go|leave|run)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKS = re.compile(
    r"\b(?:what|when|where|which|who|whose|why|how|remember|remind|said|say|told|tell|mention"
    r"|mentioned|last|earlier|before|ago|yesterday)\b",
    re.IGNORECASE,
)
MOST_WORDS = 12
_RUN = re.compile(r"\w+")
_IN_SMALL_TALK = frozenset(_RUN.findall(" ".join((*SMALL_TALK_WORDS, _IDIOM.pattern))))
"""Without any other, a text may be small talk; the names of a pattern's signs do no harm."""


def is_small_talk(text: str) -> bool:
    """At most MOST_WORDS words, all in idioms or SMALL_TALK_WORDS, or courtesies of any language.

    Also text without words, such as an emoji alone.
    """
    return _is_english_small_talk(text) or is_courtesy(text)


def is_greeting_of(text: str, named: Sequence[Mention]) -> bool:
    """Whether courtesies and the names of participants are all there is: "thanks, Ana"."""
    rest = text
    for mention in reversed(named):
        rest = f"{rest[: mention.start]} {rest[mention.end :]}"
    return bool(named) and is_courtesy(rest)


def _is_english_small_talk(text: str) -> bool:
    if text.isascii() and not _IN_SMALL_TALK.issuperset(_RUN.findall(text.lower())):
        return False  # most
    rest = _IDIOM.sub(" ", text)
    words = [word.lower().replace("’", "'") for word in _WORD.findall(rest)]
    if len(words) > MOST_WORDS or _ASKS.search(rest):
        return False
    return all(word in SMALL_TALK_WORDS for word in words)
