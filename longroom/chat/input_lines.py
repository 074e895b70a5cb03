"""Where a chat's messages come from: a prompt with editing and history, or a pipe."""

import os
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from anyio import wait_readable
from prompt_toolkit import PromptSession
from prompt_toolkit.data_structures import Size
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import is_dumb_terminal

MAX_HISTORY = 1000
_CHUNK_BYTES = 65_536


def has_prompt() -> bool:
    """Whether input and output are a terminal that can move its cursor."""
    return _isatty(sys.stdin) and _isatty(sys.stdout) and not is_dumb_terminal()


@contextmanager
def prompted_lines(prompt: str, *, history: Path) -> Iterator[AsyncIterator[str]]:
    """Messages typed at a prompt, until Ctrl-D or Ctrl-C in an empty one."""
    output = _output()
    session: PromptSession[str] = PromptSession(
        [("bold", prompt)],
        output=output,
        history=ChatHistory(history),
        key_bindings=_keys(),
        prompt_continuation=lambda width, _, is_wrapped: "" if is_wrapped else " " * width,
        enable_suspend=True,
    )
    with _no_echo(sys.stdin.fileno()):
        try:
            yield _typed(session, output)
        finally:
            output.disable_bracketed_paste()
            output.flush()


async def piped_lines(otherwise: Sequence[str] = ()) -> AsyncIterator[str]:
    """Lines of standard input; `otherwise` if there are none, or it is closed."""
    empty = True
    async for line in _standard_input():
        empty = False
        yield line
    if empty:
        for line in otherwise:
            yield line


async def _typed(session: PromptSession[str], output: Vt100_Output) -> AsyncIterator[str]:
    while True:
        try:
            text = await session.prompt_async(set_exception_handler=False, handle_sigint=False)
        except EOFError:
            return
        # A paste while an answer is printed waits as a whole for the next prompt.
        output.enable_bracketed_paste()
        output.flush()
        yield text.strip()


def _output() -> Vt100_Output:
    def size() -> Size:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        return Size(rows=rows or 24, columns=columns or 80)

    # Without cursor position requests: a slow terminal's replies would be taken for typed text.
    return Vt100_Output(sys.stdout, size, term=os.environ.get("TERM"), enable_cpr=False)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c", filter=has_focus(DEFAULT_BUFFER))
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=EOFError)

    return keys


@contextmanager
def _no_echo(fd: int) -> Iterator[None]:
    """What is typed while no prompt is shown is kept, unseen, for the next prompt."""
    before = termios.tcgetattr(fd)
    silent = termios.tcgetattr(fd)
    silent[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(fd, termios.TCSANOW, silent)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _isatty(stream: TextIO | None) -> bool:
    # Python sets a standard stream that was closed at its start to None, whatever its type says.
    return stream is not None and stream.isatty()


async def _standard_input() -> AsyncIterator[str]:
    stream: TextIO | None = sys.stdin
    if stream is None:
        return
    async for line in _read_lines(stream.fileno()):
        yield line


async def _read_lines(fd: int) -> AsyncIterator[str]:
    rest = b""
    while True:
        with suppress(OSError):  # a file cannot be waited for, and need not be
            await wait_readable(fd)
        chunk = os.read(fd, _CHUNK_BYTES)
        *lines, rest = (rest + chunk).split(b"\n") if chunk else (rest, b"")
        for line in lines:
            if text := line.decode(errors="replace").strip():
                yield text
        if not chunk:
            return


class ChatHistory(History):
    """One message a line, oldest first; a line break in a message is kept as a carriage return.
    Errors of reading or writing the file are ignored.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """Newest first; the file is cut when it has grown to twice MAX_HISTORY."""
        with suppress(OSError):
            kept = self._path.read_bytes().split(b"\n")[:-1]
            if len(kept) > 2 * MAX_HISTORY:
                kept = kept[-MAX_HISTORY:]
                self._path.write_bytes(b"\n".join(kept) + b"\n")
            return [_entry(line) for line in reversed(kept[-MAX_HISTORY:])]
        return []

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            self._path.touch(mode=0o600)
            with self._path.open("ab") as file:
                file.write(string.replace("\n", "\r").encode(errors="replace") + b"\n")


def _entry(line: bytes) -> str:
    return line.decode(errors="replace").replace("\r", "\n")
