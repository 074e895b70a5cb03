"""Words of small talk, or an emoji, that the room may have said as a title, a name or a thing.

"Wonderful" is praise, unless the room speaks of the song Wonderful: capitals inside a sentence,
quotation marks and words such as "song" tell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from retrieval.search.query.small_talk.courtesies.detection import is_courtesy
from retrieval.search.query.word_lists import PRAISE_WORDS, THINGS_IN_SMALL_TALK
from retrieval.text import words
from retrieval.text.normal_form import readable

MOST_TITLE_WORDS: Final = 6
MOST_TITLE_CHARS: Final = 200
RARELY: Final = 3
"""Messages; what is said more often without being named is a habit of speech."""

_QUOTED = re.compile(r"""\s*(?:(["'*_`]{1,3})(.+?)\1|[《〈](.+?)[》〉])[\s?.]*""")
_OPENING = "\"'*_`《〈"
_CLOSING = "\"'*_`》〉,.!?"
_EDGES = " \t\n.,;:?¿…-()[]"
_NAMED = re.compile(
    r"""\b(?:called|named|titled|entitled|film|movie|song|single|track|album|band|book|novel|poem
    |series|show|episode|game|play|painting|ship|boat|caf[eé]|bar|pub|restaurant|shop|brand
    |perfume|horse|dog|cat)\s+["'*_]*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_REACH = 24
_REACTIONS = "☺☹❤♥♡✌☝✊✋👀💀☠✨⭐🌟✅☑✔💪💯💥💢💦💤🎉🎊🔥🙈🙉🙊🤞🥂🍻"


class Use(Enum):
    """Of the query's words in the room."""

    NOWHERE = auto()
    IN_PASSING = auto()
    """Worth showing to who looks for it, not worth recalling."""
    NAMED = auto()


@dataclass(frozen=True)
class Title:
    text: str
    quoted: bool

    @property
    def is_emoji(self) -> bool:
        return not any(char.isalnum() for char in self.text)


def possible_title(text: str) -> Title | None:
    """None for a reaction ("Wonderful!"), and for several words in ordinary spelling."""
    if len(text) > MOST_TITLE_CHARS:
        return None
    plain = readable(text)
    quoted = _QUOTED.fullmatch(plain)
    bare = quoted[2] or quoted[3] if quoted else plain.strip(_EDGES)
    found = [piece.written for piece in words.pieces(bare)]
    if not found or len(found) > MOST_TITLE_WORDS or (not quoted and bare[-1] in "!！"):
        return None
    title = Title(bare, quoted is not None)
    if quoted or title.is_emoji or len(found) == 1 or _is_capitalised(found):
        return title
    return None


def use_of(title: Title, said: Sequence[str]) -> Use:
    """`said`: the messages that have its words."""
    texts = [text for text in map(readable, said) if title.text.lower() in text.lower()]
    if title.is_emoji:
        return _use_of_emoji(title, texts)
    spots = [(text, *spot) for text in texts for spot in _spots(title.text, text)]
    if not spots:
        return Use.NOWHERE
    if title.quoted or any(_is_named(text, start, end) for text, start, end in spots):
        return Use.NAMED
    word = title.text.lower()
    if word in THINGS_IN_SMALL_TALK:
        return Use.NAMED
    if len(texts) > RARELY or (is_courtesy(word) and word not in PRAISE_WORDS):
        return Use.NOWHERE
    return Use.IN_PASSING


def _use_of_emoji(title: Title, texts: Sequence[str]) -> Use:
    beside_words = [text for text in texts if any(char.isalnum() for char in text)]
    if not texts:
        return Use.NOWHERE
    if not all(_is_reaction(piece.written) for piece in words.pieces(title.text)):
        return Use.NAMED
    return Use.IN_PASSING if beside_words and len(texts) <= RARELY else Use.NOWHERE


def _is_reaction(emoji: str) -> bool:
    """Faces, hands and hearts, by Unicode's blocks."""
    code = ord(emoji[0])
    faces = 0x1F600 <= code <= 0x1F64F or 0x1F910 <= code <= 0x1F92F or 0x1F970 <= code <= 0x1F97A
    hands = 0x1F442 <= code <= 0x1F450 or 0x1F918 <= code <= 0x1F91F or 0x1FAF0 <= code <= 0x1FAFF
    hearts = 0x1F493 <= code <= 0x1F49F or 0x1F90D <= code <= 0x1F90F
    faces |= 0x1FAE0 <= code <= 0x1FAEF
    return faces or hands or hearts or emoji[0] in _REACTIONS


def _spots(title: str, text: str) -> list[tuple[int, int]]:
    found = re.finditer(rf"(?<!\w){re.escape(title)}(?!\w)", text, re.IGNORECASE)
    return [match.span() for match in found]


def _is_named(text: str, start: int, end: int) -> bool:
    before, after = text[:start][-1:], text[end : end + 1]
    if before and before in _OPENING and after and after in _CLOSING:
        return True
    if _NAMED.search(text[max(0, start - _REACH) : start]):
        return True
    written = text[start:end]
    inside = not words.opens_sentence(text, start)
    return written[0].isupper() and inside and not _is_shouted(text)


def _is_shouted(text: str) -> bool:
    """All capitals, or Every Word With One."""
    found = [piece.written for piece in words.pieces(text) if piece.kind == "word"]
    return all(word[0].isupper() for word in found)


def _is_capitalised(found: Sequence[str]) -> bool:
    """As titles are: first and last word, and most of those between."""
    capitals = [word[0].isupper() for word in found]
    return capitals[0] and capitals[-1] and 2 * sum(capitals) > len(capitals)
