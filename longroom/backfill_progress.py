"""Shows how far a backfill is, how fast, and how long it will take."""

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class BackfillProgress:
    """A bar on a terminal; elsewhere nothing but its last state.

    Messages that arrive meanwhile make the whole larger, never the part that is done smaller.
    """

    def __init__(self, console: Console, waiting: int) -> None:
        self._progress = Progress(
            TextColumn("embedding"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            speed_estimate_period=60,
        )
        self._task = self._progress.add_task("embedding", total=waiting)
        self._total = waiting
        self._waiting = waiting

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return self._show

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def _show(self, count: int) -> None:
        self._total += max(0, count - self._waiting)
        self._waiting = count
        self._progress.update(self._task, total=self._total, completed=self._total - count)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")
