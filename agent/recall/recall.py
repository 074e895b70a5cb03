"""Finds the past messages that a turn needs, mostly before the turn has ended."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from opentelemetry.trace import get_current_span

from agent.errors import BackendError, BackendRejected
from agent.recall.circuit_breaker import CircuitBreaker
from agent.recall.query import Asker, RecallLimits, TurnQuery
from agent.recall.search_task import SearchTask, hits_without
from agent.tracing import link_to, span
from retrieval.wire import RetrievalHit, SearchRequest, SearchResponse, WindowMessage

logger = logging.getLogger(__name__)

Source = Literal["speculation", "fresh", "none"]
Degraded = Literal["late", "failed", "resting"]
Search = Callable[[SearchRequest], Awaitable[SearchResponse]]

_KEPT_SEARCHES = 8
_MAX_AGE_S = 30.0


@dataclass(frozen=True)
class Recalled:
    """What a turn got from memory, and what it cost.

    `recall_ms` is the search's own duration, `added_ms` what the turn waited for it. `degraded`
    says why there is no memory: late (deadline), failed, resting (the breaker is open).
    """

    hits: tuple[RetrievalHit, ...] = ()
    recall_ms: float = 0.0
    added_ms: float = 0.0
    source: Source = "none"
    degraded: Degraded | None = None
    message_count: int | None = None


class Recall:
    """One per session. Searches are shared by their wording and outlive whoever waits for them."""

    def __init__(
        self,
        search: Search,
        *,
        limits: RecallLimits | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._search = search
        self._limits = limits or RecallLimits()
        self._breaker = breaker or CircuitBreaker()
        self._slow = False
        self._searches: OrderedDict[tuple[str, Asker], SearchTask] = OrderedDict()
        self._resting: dict[Asker, asyncio.Task[None]] = {}

    def prefetch(
        self,
        text: str,
        *,
        asker: Asker,
        exclude: Set[str],
        window: Sequence[WindowMessage] = (),
        final: bool = False,
    ) -> None:
        """Begin to search for a text that may still grow.

        At once if it is `final` or no search runs for this asker, else when that has ended: the
        last word's search starts early, and a slow backend is asked less often.
        """
        query = TurnQuery(text, asker, frozenset(exclude), self._newest(window))
        self._stop_resting(asker)
        self._resting[asker] = asyncio.create_task(self._speculate(query, final=final))

    async def take(
        self,
        text: str,
        *,
        asker: Asker,
        exclude: Set[str],
        window: Sequence[WindowMessage] = (),
    ) -> Recalled:
        """The hits for a final text, within the deadline; never raises, but for cancellation.

        `exclude` are the ids that the prompt holds already: no hit and no neighbour is one of them.
        `window` is what was said before the text, oldest first.
        """
        self._stop_resting(asker)
        query = TurnQuery(text, asker, frozenset(exclude), self._newest(window))
        if not query.key:
            return Recalled()
        asked_at = time.perf_counter()
        known = self._reusable(query)
        search = known or self._start(query)
        if search is None:
            return Recalled(degraded="resting")
        search.taken = True
        if known:
            link_to(get_current_span(), search.span)
        if search.probe and self._slow and not search.task.done():
            return Recalled(degraded="resting")
        if not search.task.done():
            # wait() cancels the search neither when time is up nor when this turn is cancelled:
            # the reply that takes this one's place will want the same result.
            await asyncio.wait({search.task}, timeout=self._limits.timeout_s)
            self._note_lateness(search)
        added_ms = (time.perf_counter() - asked_at) * 1000
        return _outcome(search, "speculation" if known else "fresh", added_ms, exclude)

    async def aclose(self) -> None:
        """Cancel what still runs."""
        running = [search.task for search in self._searches.values()]
        resting = list(self._resting.values())
        for task in (*running, *resting):
            task.cancel()
        await asyncio.gather(*running, *resting, return_exceptions=True)

    def _newest(self, window: Sequence[WindowMessage]) -> tuple[WindowMessage, ...]:
        return tuple(window)[-count:] if (count := self._limits.window_messages) else ()

    async def _speculate(self, query: TurnQuery, *, final: bool) -> None:
        if not final:
            await self._earlier_searches(query.asker)
        if query.key and self._reusable(query) is None:
            self._drop_outgrown(query.asker)
            self._start(query)

    async def _earlier_searches(self, asker: Asker) -> None:
        """Wait until none runs and the last one is old enough."""
        earlier = [search for (_, who), search in self._searches.items() if who == asker]
        running = {search.task for search in earlier if not search.task.done()}
        if running:
            await asyncio.wait(running)
        if earlier:
            began_at = max(search.started_at for search in earlier)
            rest_s = began_at + self._limits.debounce_s - time.perf_counter()
            await asyncio.sleep(max(0.0, rest_s))

    def _stop_resting(self, asker: Asker) -> None:
        if (resting := self._resting.pop(asker, None)) is not None:
            resting.cancel()

    def _reusable(self, query: TurnQuery) -> SearchTask | None:
        """A young search of the same words that serves this query too."""
        search = self._searches.get((query.key, query.asker))
        if search is None or time.perf_counter() - search.started_at > _MAX_AGE_S:
            return None
        return search if search.serves(query) else None

    def _start(self, query: TurnQuery) -> SearchTask | None:
        probe = self._breaker.is_open
        if not self._breaker.may_try():
            return None
        task = asyncio.create_task(self._searched(query), name="recall search")
        search = SearchTask(task, query, time.perf_counter(), probe=probe)
        task.add_done_callback(lambda _: self._note(search))
        key = (query.key, query.asker)
        self._searches[key] = search
        self._searches.move_to_end(key)
        if len(self._searches) > _KEPT_SEARCHES:
            _, oldest = self._searches.popitem(last=False)
            if not oldest.taken:
                oldest.task.cancel()
        return search

    async def _searched(self, query: TurnQuery) -> SearchResponse:
        request = query.request(self._limits)
        with span("recall search") as current:
            if (search := self._searches.get((query.key, query.asker))) is not None:
                search.span = current
            return await self._search(request)

    def _note_lateness(self, search: SearchTask) -> None:
        """A turn has gone on without it: for the breaker a failure, whatever comes of it."""
        if not search.task.done() and not search.late:
            search.late = self._slow = True
            self._breaker.failed()

    def _note(self, search: SearchTask) -> None:
        search.ended_at = time.perf_counter()
        if search.task.cancelled():
            return
        error = search.task.exception()
        if not search.late:
            # A refusal is an answer: one participant's odd query must not cost the others' memory.
            self._judge(search, answered=error is None or isinstance(error, BackendRejected))
        if error is not None:
            foreseen = isinstance(error, BackendError)
            logger.warning(
                "search failed",
                extra={"reason": type(error).__name__},
                exc_info=None if foreseen else error,
            )

    def _judge(self, search: SearchTask, *, answered: bool) -> None:
        took_s = search.ended_at - search.started_at
        # No turn has waited for the probe of a slow backend: it is judged as if one had.
        if answered and not (search.probe and self._slow and took_s > self._limits.timeout_s):
            self._slow = False
            self._breaker.succeeded()
        else:
            self._breaker.failed()

    def _drop_outgrown(self, asker: Asker) -> None:
        """Stop searches for what the asker's text was before it grew."""
        for key, search in list(self._searches.items()):
            if key[1] == asker and not search.taken and not search.task.done():
                search.task.cancel()
                del self._searches[key]


def _outcome(search: SearchTask, source: Source, added_ms: float, exclude: Set[str]) -> Recalled:
    if not search.task.done():
        return Recalled(added_ms=added_ms, degraded="late")
    if search.task.cancelled() or search.task.exception() is not None:
        return Recalled(added_ms=added_ms, degraded="failed")
    response = search.task.result()
    return Recalled(
        hits=tuple(hits_without(response, exclude)) if response.relevant else (),
        recall_ms=(search.ended_at - search.started_at) * 1000,
        added_ms=added_ms,
        source=source,
        message_count=response.message_count,
    )
