"""The search for a turn: its words, and what they may refer to."""

import unicodedata
from dataclasses import dataclass

from agent.messages.sanitize import storable_content, storable_name
from agent.recall.asked_part import asked_part
from retrieval.wire import (
    MAX_EXCLUDED_IDS,
    MAX_QUERY_CHARS,
    MessageId,
    SearchRequest,
    WindowMessage,
)

_HESITATIONS = frozenset(
    {"ah", "eh", "er", "erm", "hm", "hmm", "mhm", "mm", "oh", "uh", "uhm", "um"}
)
_OPENINGS = {
    ("thank", "you"),
    *((word,) for word in ("hello", "hey", "hi", "ok", "okay", "please", "so", "thanks", "well")),
}
_KEPT_AT_EDGES = {"So", "Sk", "Mn", "Mc"}
"""Emoji with their modifiers, and vowel signs."""
_CLOSINGS = {("thank", "you"), ("cheers",), ("please",), ("thanks",)}


def query_key(text: str) -> str:
    """Texts with the same key share one search; an empty key is not searched."""
    return query_words(text).casefold()


def query_words(text: str) -> str:
    """The words and emoji to search: no edge punctuation, hesitations or courtesies.

    A question mark alone would change the ranking, and waste a search begun before it. Courtesies
    are dropped at the beginning ("okay, so …") and the end ("…, thanks") only. Of a text that is
    too long for a query, `asked_part` is left.
    """
    plain = unicodedata.normalize("NFKC", asked_part(text))
    words = [word for raw in plain.split() if (word := _bare(raw))]
    words = [word for word in words if word.casefold() not in _HESITATIONS]
    while taken := _courtesy(words[:2], words[:1], _OPENINGS):
        words = words[taken:]
    while taken := _courtesy(words[-2:], words[-1:], _CLOSINGS):
        words = words[:-taken]
    return " ".join(words)


def _bare(raw: str) -> str:
    inner = [place for place, char in enumerate(raw) if _is_told(char)]
    return raw[inner[0] : inner[-1] + 1] if inner else ""


def _is_told(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char) in _KEPT_AT_EDGES


def _courtesy(two: list[str], one: list[str], known: set[tuple[str, ...]]) -> int:
    for words in (two, one):
        if tuple(word.casefold() for word in words) in known:
            return len(words)
    return 0


@dataclass(frozen=True)
class Asker:
    """Resolves "I" and, by time zone, "yesterday" in a query."""

    identity: str
    time_zone: str = "UTC"


@dataclass(frozen=True)
class RecallLimits:
    """`timeout_s` bounds a turn's wait, `debounce_s` the rate of one speaker's searches.

    The newest `window_messages` go with a query, to resolve follow-up questions. `explain`: hits
    come with the parts of their scores.
    """

    timeout_s: float = 0.25
    debounce_s: float = 0.25
    hits: int = 10
    token_budget: int = 1000
    neighbours: int = 1
    window_messages: int = 8
    explain: bool = False


@dataclass(frozen=True)
class TurnQuery:
    """`exclude`: ids already in the prompt; `window`: its newest messages."""

    text: str
    asker: Asker
    exclude: frozenset[str]
    window: tuple[WindowMessage, ...] = ()

    @property
    def key(self) -> str:
        return query_key(self.text)

    def request(self, limits: RecallLimits) -> SearchRequest:
        return SearchRequest(
            query=storable_content(query_words(self.text))[:MAX_QUERY_CHARS],
            limit=limits.hits,
            token_budget=limits.token_budget,
            neighbours=limits.neighbours,
            asker=storable_name(self.asker.identity, default="user"),
            time_zone=self.asker.time_zone,
            exclude_ids=[MessageId(id_) for id_ in sorted(self.exclude)[:MAX_EXCLUDED_IDS]],
            window=list(self.window),
            explain=limits.explain,
        )
