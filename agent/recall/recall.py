"""Finds the past messages that a turn needs, mostly before the turn has ended."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from opentelemetry.trace import get_current_span

from agent.messages.erasures import Erasures
from agent.recall.circuit_breaker import CircuitBreaker
from agent.recall.debouncer import Debouncer
from agent.recall.found import Found
from agent.recall.query import Asker, RecallLimits, TurnQuery
from agent.recall.search_task import SearchState, SearchTask
from agent.tracing import link_to
from longroom.client import BackendError, BackendRejected, BackendUnavailable
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

    `recall_ms` is the search's duration, `added_ms` the turn's wait. `degraded` says why there is
    no memory: late (deadline), failed, resting (the breaker is open). `found` has also what is not
    among `hits` for not being relevant; `unanswered` is the search that the turn did not wait for.
    """

    hits: tuple[RetrievalHit, ...] = ()
    recall_ms: float = 0.0
    added_ms: float = 0.0
    source: Source = "none"
    degraded: Degraded | None = None
    message_count: int | None = None
    revision: int = 0
    found: Found | None = None
    unanswered: SearchTask | None = None

    def without(self, erasures: Erasures) -> "Recalled":
        kept = tuple(hit for hit in self.hits if not erasures.touches(hit))
        found = self.found.without(erasures) if self.found is not None else None
        return replace(self, hits=kept, found=found, unanswered=None)


class Recall:
    """One per session. Searches are shared by words and asker, and outlive the waiting turns.

    Per asker: idle → `prefetch` → debouncing → running → done, and debouncing again when the text
    has grown. `take` ends the debouncing, and starts a search if none fits. `searches` is told of
    each that begins, and when it has ended.
    """

    def __init__(
        self,
        search: Search,
        *,
        limits: RecallLimits | None = None,
        breaker: CircuitBreaker | None = None,
        searches: Callable[[SearchTask], None] = lambda _: None,
    ) -> None:
        self._search = search
        self._searches_told = searches
        self._limits = limits or RecallLimits()
        self._breaker = breaker or CircuitBreaker()
        self._debouncer = Debouncer(self._limits.debounce_s)
        self._searches: OrderedDict[tuple[str, Asker], SearchTask] = OrderedDict()
        self._running: set[asyncio.Task[SearchResponse]] = set()
        self._revision = 0

    def forget(self, revision: int) -> None:
        """Something was erased or corrected: what was found before this revision is not used."""
        self._revision = revision
        for search in self._searches.values():
            if not search.taken:
                search.task.cancel()
        self._searches.clear()

    def prefetch(
        self,
        text: str,
        *,
        asker: Asker,
        exclude: Set[str],
        window: Sequence[WindowMessage] = (),
        final: bool = False,
    ) -> None:
        """Search for a text that may still grow; a `final` one is not debounced."""
        query = TurnQuery(text, asker, frozenset(exclude), self._newest(window))
        earlier = [] if final else [s for s in self._searches.values() if s.query.asker == asker]
        self._debouncer.schedule(asker, lambda: self._speculate(query), earlier=earlier)

    async def take(
        self,
        text: str,
        *,
        asker: Asker,
        exclude: Set[str],
        window: Sequence[WindowMessage] = (),
    ) -> Recalled:
        """Hits within the deadline; raises only for cancellation.

        `exclude`: ids in the prompt already, kept from hits and neighbours. `window`: oldest first.
        """
        asked_at = time.perf_counter()
        self._debouncer.cancel(asker)
        query = TurnQuery(text, asker, frozenset(exclude), self._newest(window))
        search, source = self._search_for(query)
        if search is None or not self._is_worth_waiting(search):
            return Recalled(degraded="resting" if query.key else None)
        await self._wait(search)
        if self._is_outdated(search):
            again, source = self._search_for(query)
            if again is None:
                return Recalled(degraded="resting")
            search = again
            await self._wait(search)
        added_ms = (time.perf_counter() - asked_at) * 1000
        if search.state is not SearchState.ANSWERED or self._is_outdated(search):
            is_late = search.state is SearchState.RUNNING
            if is_late:
                return Recalled(added_ms=added_ms, degraded="late", unanswered=search)
            return Recalled(added_ms=added_ms, degraded="failed")
        response = search.response
        found = Found.of(response, exclude=exclude)
        return Recalled(
            hits=found.hits if found.relevant else (),
            recall_ms=search.took_s * 1000,
            added_ms=added_ms,
            source=source,
            message_count=response.message_count,
            revision=response.revision,
            found=found,
        )

    def _is_outdated(self, search: SearchTask) -> bool:
        has_answer = search.state is SearchState.ANSWERED
        return has_answer and search.response.revision < self._revision

    async def aclose(self) -> None:
        await self._debouncer.aclose()
        running = [*self._running]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _newest(self, window: Sequence[WindowMessage]) -> tuple[WindowMessage, ...]:
        return tuple(window)[-count:] if (count := self._limits.window_messages) else ()

    def _speculate(self, query: TurnQuery) -> None:
        if query.key and self._reusable(query) is None:
            self._drop_outgrown(query.asker)
            self._start(query)

    def _search_for(self, query: TurnQuery) -> tuple[SearchTask | None, Source]:
        known = self._reusable(query)
        search = known or self._start(query)
        if known is not None:
            link_to(get_current_span(), known.span)
        if search is not None:
            search.taken = True
        return search, "speculation" if known else "fresh"

    def _reusable(self, query: TurnQuery) -> SearchTask | None:
        search = self._searches.get((query.key, query.asker))
        if search is None or time.perf_counter() - search.started_at > _MAX_AGE_S:
            return None
        return search if search.serves(query) and not self._is_outdated(search) else None

    def _start(self, query: TurnQuery) -> SearchTask | None:
        """None if there is nothing to search for, or the breaker is open."""
        attempt = self._breaker.begin() if query.key else None
        if attempt is None:
            return None
        search = SearchTask(query, attempt, lambda: self._search(query.request(self._limits)))
        self._running.add(search.task)
        search.task.add_done_callback(lambda _: self._ended(search))
        self._keep(search)
        self._searches_told(search)
        return search

    def _keep(self, search: SearchTask) -> None:
        key = (search.query.key, search.query.asker)
        self._searches[key] = search
        self._searches.move_to_end(key)
        if len(self._searches) > _KEPT_SEARCHES:
            _, oldest = self._searches.popitem(last=False)
            if not oldest.taken:
                oldest.task.cancel()

    def _is_worth_waiting(self, search: SearchTask) -> bool:
        has_ended = search.state is not SearchState.RUNNING
        return has_ended or self._breaker.is_worth_waiting(search.attempt)

    async def _wait(self, search: SearchTask) -> None:
        if search.state is not SearchState.RUNNING:
            return
        # wait() cancels the search neither when time is up nor when this turn is cancelled: the
        # reply that takes this one's place will want the same result.
        await asyncio.wait({search.task}, timeout=self._limits.timeout_s)
        if not search.task.done():
            self._breaker.late(search.attempt)

    def _ended(self, search: SearchTask) -> None:
        self._running.discard(search.task)
        if search.task.cancelled():
            return
        self._searches_told(search)
        error = search.task.exception()
        # A refusal is an answer: one participant's odd query must not cost the others' memory.
        answered = error is None or isinstance(error, BackendRejected)
        in_time = search.took_s <= self._limits.timeout_s
        self._breaker.ended(
            search.attempt,
            answered=answered,
            in_time=in_time,
            retry_after_s=error.retry_after_s if isinstance(error, BackendUnavailable) else None,
        )
        if error is not None:
            foreseen = isinstance(error, BackendError)
            logger.warning(
                "search failed",
                extra={"reason": type(error).__name__},
                exc_info=None if foreseen else error,
            )

    def _drop_outgrown(self, asker: Asker) -> None:
        for key, search in list(self._searches.items()):
            if key[1] == asker and not search.taken and search.state is SearchState.RUNNING:
                search.task.cancel()
                del self._searches[key]
