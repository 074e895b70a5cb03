"""Where a chat's lines come from: a terminal with editing and history, or a pipe."""

import sys
from collections.abc import Iterator
from pathlib import Path

try:
    import readline
except ModuleNotFoundError:  # a Python built without it; lines can be read all the same
    readline = None  # type: ignore[assignment]

MAX_HISTORY = 1000


class TerminalLines:
    """Lines typed at a prompt; Ctrl-D ends them, and so does Ctrl-C at the prompt."""

    def __init__(self, prompt: str, *, history: Path) -> None:
        # \x01 and \x02 tell readline that what stands between takes no room.
        self._prompt = f"\x01\x1b[1m\x02{prompt}\x01\x1b[0m\x02"
        self._history = history

    def __iter__(self) -> Iterator[str]:
        self._remember()
        try:
            while True:
                yield input(self._prompt).strip()
        except (EOFError, KeyboardInterrupt):
            sys.stdout.write("\n")
        finally:
            self._keep()

    def _remember(self) -> None:
        if readline is None:
            return
        readline.set_history_length(MAX_HISTORY)
        try:
            readline.read_history_file(self._history)
        except OSError:
            return  # none yet, or not readable: a chat works without

    def _keep(self) -> None:
        if readline is None:
            return
        try:
            readline.write_history_file(self._history)
        except OSError:
            return


class PipedLines:
    """The lines of standard input; `none` tells, after the end, that there was not one."""

    def __init__(self) -> None:
        self.none = True

    def __iter__(self) -> Iterator[str]:
        for raw in sys.stdin.buffer:
            line = raw.decode(errors="replace").strip()
            if line:
                self.none = False
                yield line
