"""What is searched for a turn: its words, and what they may refer to."""

from dataclasses import dataclass

from agent.recall.query_key import query_key, query_words
from agent.stored_text import storable_content, storable_name
from retrieval.wire import (
    MAX_EXCLUDED_IDS,
    MAX_QUERY_CHARS,
    MessageId,
    SearchRequest,
    WindowMessage,
)


@dataclass(frozen=True)
class Asker:
    """Who means "I" and "yesterday" in a query."""

    identity: str
    time_zone: str = "UTC"


@dataclass(frozen=True)
class RecallLimits:
    """`timeout_s` bounds what a turn waits; while somebody speaks, their searches begin at least
    `debounce_s` apart. `window_messages` of the newest go with a query, to resolve follow-ups."""

    timeout_s: float = 0.25
    debounce_s: float = 0.25
    hits: int = 10
    token_budget: int = 1000
    neighbours: int = 1
    window_messages: int = 8


@dataclass(frozen=True)
class TurnQuery:
    """`exclude` are the ids that the prompt holds already, `window` its newest messages."""

    text: str
    asker: Asker
    exclude: frozenset[str]
    window: tuple[WindowMessage, ...] = ()

    @property
    def key(self) -> str:
        """What queries that are searched once have in common; empty: nothing to search for."""
        return query_key(self.text)

    def request(self, limits: RecallLimits) -> SearchRequest:
        """The search on the wire."""
        return SearchRequest(
            query=storable_content(query_words(self.text))[:MAX_QUERY_CHARS],
            limit=limits.hits,
            token_budget=limits.token_budget,
            neighbours=limits.neighbours,
            asker=storable_name(self.asker.identity, default="user"),
            time_zone=self.asker.time_zone,
            exclude_ids=[MessageId(id_) for id_ in sorted(self.exclude)[:MAX_EXCLUDED_IDS]],
            window=list(self.window),
        )
