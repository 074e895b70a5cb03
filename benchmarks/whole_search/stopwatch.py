"""Where a request's time goes: steps that call each other, each with what it took itself."""

import functools
import inspect
import sys
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from benchmarks.cpu_clock import process_ms


@dataclass
class Step:
    """Milliseconds, without those of the steps inside; `database` is its connection's process."""

    depth: int
    calls: int = 0
    wall: float = 0.0
    backend: float = 0.0
    database: float = 0.0


@dataclass
class _Running:
    depth: int
    wall: float = 0.0
    backend: float = 0.0
    """Of the steps inside."""


@dataclass
class Stopwatch:
    """For one request at a time: processor time is the whole process'."""

    requests: list[dict[str, Step]] = field(default_factory=list)
    _running: ContextVar[_Running | None] = field(
        default_factory=lambda: ContextVar("running step", default=None)
    )
    _database_ms: dict[int, float] = field(default_factory=dict)

    def begin(self) -> None:
        """The steps from now on are of a new request."""
        self.requests.append({})

    def measure(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, a function or coroutine function, that counts as a step."""
        if inspect.iscoroutinefunction(work):
            return self._coroutine(lambda *_: name, work)
        return self._function(name, work)

    def measure_statements(
        self, named: Callable[[str], str], work: Callable[..., Coroutine[Any, Any, Any]]
    ) -> Callable[..., Coroutine[Any, Any, Any]]:
        """`work` is a method of asyncpg's connection."""
        return self._coroutine(
            lambda _, query, *__: f"statement {named(query)}", work, self._database_since
        )

    def _function(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def measured(*arguments: Any, **named: Any) -> Any:
            with _Timed(self, name):
                return work(*arguments, **named)

        return measured

    def _coroutine(
        self,
        name_of: Callable[..., str],
        work: Callable[..., Coroutine[Any, Any, Any]],
        database: Callable[..., float] = lambda *_: 0.0,
    ) -> Callable[..., Coroutine[Any, Any, Any]]:
        @functools.wraps(work)
        async def measured(*arguments: Any, **named: Any) -> Any:
            with _Timed(self, name_of(*arguments)) as timed:
                try:
                    return await work(*arguments, **named)
                finally:
                    timed.database = database(*arguments)

        return measured

    def _database_since(self, connection: Any, *_: Any) -> float:
        """Since it was last asked: a connection's process does nothing but its statements."""
        pid = connection.get_server_pid()
        now = process_ms(pid)
        before = self._database_ms.get(pid, now)
        self._database_ms[pid] = now
        return now - before


class _Timed:
    def __init__(self, stopwatch: Stopwatch, name: str) -> None:
        self._stopwatch = stopwatch
        self._name = name
        self.database = 0.0

    def __enter__(self) -> "_Timed":
        running = self._stopwatch._running
        self._outer = running.get()
        depth = self._outer.depth + 1 if self._outer else 0
        self._own = _Running(depth)
        of_request = self._stopwatch.requests[-1] if self._stopwatch.requests else {}
        self._step = of_request.setdefault(self._name, Step(depth))
        running.set(self._own)
        self._wall, self._backend = time.perf_counter_ns(), time.process_time_ns()
        return self

    def __exit__(self, *_: object) -> None:
        backend = (time.process_time_ns() - self._backend) / 1e6
        wall = (time.perf_counter_ns() - self._wall) / 1e6
        self._stopwatch._running.set(self._outer)
        if self._outer is not None:
            self._outer.wall += wall
            self._outer.backend += backend
        self._step.calls += 1
        self._step.wall += wall - self._own.wall
        self._step.backend += backend - self._own.backend
        self._step.database += self.database


def replace_everywhere(old: Callable[..., Any], new: Callable[..., Any]) -> None:
    """In all loaded modules that have it, also under another name."""
    for module in [*sys.modules.values()]:
        for name, value in [*vars(module).items()] if hasattr(module, "__dict__") else ():
            if value is old:
                setattr(module, name, new)
