"""Shows what an evaluation is doing, and how long that will take."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int], object]
"""Takes how many more are done."""


class EvaluationProgress:
    """A bar for each step on a terminal, gone when the step has ended; nothing elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Advance]:
        """Show a step of so many parts until it is left."""
        bar = Progress(
            TextColumn(name),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(show_speed=True),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=self._console is None or not self._console.is_terminal,
        )
        with bar:
            task = bar.add_task(name, total=total)
            yield lambda more: bar.advance(task, more)


SILENT = EvaluationProgress()
