"""Progress bars of the commands that take long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

SPEED_PERIOD_S = 60


class ProgressBars:
    """Shows nothing without a console. Transient bars vanish at their end and need a terminal;
    others stay, and write their last state to any console.
    """

    def __init__(self, console: Console | None = None, *, transient: bool = True) -> None:
        self._console = console
        self._transient = transient

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], object]]:
        """Call with the number of further parts done."""
        with self._progress(name, MofNCompleteColumn(), _Rate()) as progress:
            task = progress.add_task(name, total=total)
            yield lambda more: progress.advance(task, more)

    @contextmanager
    def countdown(self, name: str, pending: int) -> Iterator[Callable[[int], None]]:
        """Call with the pending count; arrivals raise the total and never lower what is done."""
        total, last = pending, pending
        with self._progress(name, MofNCompleteColumn(), _Rate()) as progress:
            task = progress.add_task(name, total=total)

            def show(count: int) -> None:
                nonlocal total, last
                total += max(0, count - last)
                last = count
                progress.update(task, total=total, completed=total - count)

            yield show

    @contextmanager
    def file(self, name: str, size: int | None) -> Iterator[Callable[[int, int], None]]:
        """Call with the bytes read and the messages done so far; `size` in bytes, if known."""
        columns = (
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[messages]:,} messages"),
            TextColumn("{task.fields[rate]:,.0f}/s"),
            TimeElapsedColumn(),
            TextColumn("left"),
        )
        started = time.monotonic()
        with self._progress(name, *columns) as progress:
            task = progress.add_task(name, total=size, messages=0, rate=0.0)

            def show(read_bytes: int, messages: int) -> None:
                rate = messages / max(time.monotonic() - started, 1e-9)
                progress.update(task, completed=read_bytes, messages=messages, rate=rate)

            yield show

    def _progress(self, name: str, *columns: ProgressColumn) -> Progress:
        console = self._console
        return Progress(
            TextColumn(name),
            BarColumn(),
            *columns,
            TimeRemainingColumn(),
            console=console,
            transient=self._transient,
            speed_estimate_period=SPEED_PERIOD_S,
            disable=console is None or (self._transient and not console.is_terminal),
        )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")


SILENT = ProgressBars()
