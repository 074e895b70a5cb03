"""Greetings, thanks and other small talk, for which a search finds nothing."""

import re

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


def is_small_talk(text: str) -> bool:
    """True if the text has at most MOST_WORDS words, all in idioms or SMALL_TALK_WORDS."""
    rest = _IDIOM.sub(" ", text)
    words = [word.lower().replace("’", "'") for word in _WORD.findall(rest)]
    if len(words) > MOST_WORDS or _ASKS.search(rest):
        return False
    return all(word in SMALL_TALK_WORDS for word in words)
