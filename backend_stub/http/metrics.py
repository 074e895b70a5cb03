"""Prometheus metrics with bounded labels: never ids or text."""

from collections.abc import Callable, Sequence
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from backend_stub.background import BackgroundTask
from backend_stub.http.room_figures import RoomFigures
from backend_stub.pools import Pools
from retrieval.embeddings.model_registry import PendingCounts
from retrieval.search.memory.figures import Figures
from retrieval.wire import AppendResult, SearchResponse

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SEARCH_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5)


def known_method(method: str) -> str:
    """Clients may send any word."""
    return method if method in _METHODS else "other"


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        requests = Histogram(
            "longroom_request_seconds",
            "Time until the response was complete",
            ["method", "route", "status"],
            registry=self.registry,
            buckets=_REQUEST_BUCKETS_S,
        )
        stages = Histogram(
            "longroom_search_seconds",
            "Time of one search by stage",
            ["stage"],
            registry=self.registry,
            buckets=_SEARCH_BUCKETS_S,
        )
        searches = Counter(
            "longroom_searches",
            "Searches by outcome",
            ["relevant", "degraded"],
            registry=self.registry,
        )
        # To find what belongs to labels takes longer than to count.
        self._requests = cache(requests.labels)
        self._stage = cache(stages.labels)
        self._searches = cache(searches.labels)
        self._messages = Counter(
            "longroom_messages", "Messages taken in by status", ["status"], registry=self.registry
        )
        self._pending = Gauge(
            "longroom_pending_messages",
            "Messages that wait for their embedding",
            ["state"],
            registry=self.registry,
        )
        self._expired = Counter(
            "longroom_retention_removed",
            "What was older than BACKEND_RETENTION keeps it, by kind",
            ["kind"],
            registry=self.registry,
        )
        self._connections = Gauge(
            "longroom_database_connections",
            "Connections of the pools",
            ["pool", "state"],
            registry=self.registry,
        )
        self._background_running = Gauge(
            "longroom_background_task_running",
            "1 while the task works or has finished, 0 while it waits to start again",
            ["task"],
            registry=self.registry,
        )
        self._background_restarts = Counter(
            "longroom_background_task_restarts",
            "Failures after which a background task was started again",
            ["task"],
            registry=self.registry,
        )

        self._rooms = RoomFigures()
        self.registry.register(self._rooms)

    def watch_rooms(self, figures: Callable[[], Figures]) -> None:
        self._rooms.figures = figures

    def request(self, *, method: str, route: str | None, status: int, seconds: float) -> None:
        """`route` is the template; None if no route matched."""
        self._requests(known_method(method), route or "unmatched", f"{status // 100}xx").observe(
            seconds
        )

    def search(self, response: SearchResponse) -> None:
        self._searches(
            str(response.relevant).lower(), "_".join(sorted(response.degraded)) or "no"
        ).inc()
        timings = response.timings
        self._stage("embed").observe(timings.embed_ms / 1000)
        self._stage("candidates").observe(timings.candidates_ms / 1000)
        self._stage("total").observe(timings.total_ms / 1000)

    def appended(self, result: AppendResult) -> None:
        for outcome in result.outcomes:
            self._messages.labels(outcome.status).inc()

    def expired(self, kind: str, count: int) -> None:
        """`kind` is messages, events, sessions or traces."""
        self._expired.labels(kind).inc(count)

    def restarted(self, task: str) -> None:
        self._background_restarts.labels(task).inc()

    def expose(
        self,
        counts: PendingCounts | None,
        *,
        pools: Pools,
        background: Sequence[BackgroundTask],
    ) -> bytes:
        """Without `counts` the pending gauges keep their last values."""
        if counts is not None:
            self._pending.labels("waiting").set(counts.pending)
            self._pending.labels("failed").set(counts.failed)
        for name, pool in pools.by_name().items():
            idle = pool.get_idle_size()
            self._connections.labels(name, "idle").set(idle)
            self._connections.labels(name, "used").set(pool.get_size() - idle)
        for task in background:
            self._background_running.labels(task.name).set(task.state != "restarting")
        return generate_latest(self.registry)
