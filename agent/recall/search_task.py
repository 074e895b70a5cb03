"""One search, shared by all turns that ask the same."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Set
from enum import Enum, auto
from itertools import takewhile

from opentelemetry.trace import Span

from agent.recall.circuit_breaker import Attempt
from agent.recall.query import TurnQuery
from agent.tracing import span
from retrieval.wire import Message, RetrievalHit, SearchResponse


class SearchState(Enum):
    """A search begins RUNNING; before that its text may be in the Debouncer."""

    RUNNING = auto()
    ANSWERED = auto()
    FAILED = auto()


class SearchTask:
    """Runs to its end even if no turn waits; once `taken`, a longer text does not cancel it."""

    def __init__(
        self,
        query: TurnQuery,
        attempt: Attempt,
        search: Callable[[], Awaitable[SearchResponse]],
    ) -> None:
        self.query = query
        self.attempt = attempt
        self.taken = False
        self.span: Span | None = None
        self.started_at = time.perf_counter()
        self.took_s = 0.0
        self.task = asyncio.create_task(self._run(search), name="recall search")

    @property
    def state(self) -> SearchState:
        if not self.task.done():
            return SearchState.RUNNING
        failed = self.task.cancelled() or self.task.exception() is not None
        return SearchState.FAILED if failed else SearchState.ANSWERED

    @property
    def response(self) -> SearchResponse:
        return self.task.result()

    def serves(self, query: TurnQuery) -> bool:
        """Whether the result fits `query`, which has the same words.

        Nothing may be excluded that `query` wants. A changed window does not matter to a query that
        was searched as it stands (`read_as` is None).
        """
        if self.state is SearchState.FAILED or not self.query.exclude <= query.exclude:
            return False
        same_window = self.query.window == query.window
        return same_window or (self.task.done() and self.response.read_as is None)

    async def _run(self, search: Callable[[], Awaitable[SearchResponse]]) -> SearchResponse:
        try:
            with span("recall search") as self.span:
                return await search()
        finally:
            self.took_s = time.perf_counter() - self.started_at


def hits_without(response: SearchResponse, exclude: Set[str]) -> list[RetrievalHit]:
    """Without what entered the window since the search began; as a neighbour it ends its side."""

    def not_excluded(message: Message) -> bool:
        return message.id not in exclude

    return [
        hit.model_copy(
            update={
                "before": [*takewhile(not_excluded, reversed(hit.before))][::-1],
                "after": [*takewhile(not_excluded, hit.after)],
            }
        )
        for hit in response.hits
        if not_excluded(hit.message)
    ]
