"""A program at a pseudo terminal."""

import fcntl
import os
import struct
import termios
import tty
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
from pexpect.fdpexpect import fdspawn

from testbed.forked_program import ForkedProgram

CTRL_C = "\x03"


class Terminal(fdspawn):  # type: ignore[misc]  # pexpect ships no types
    """Of 40 lines and 120 columns, without echo."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        timeout_s: float,
    ) -> None:
        ours, theirs = os.openpty()
        attributes = termios.tcgetattr(theirs)
        attributes[tty.LFLAG] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        super().__init__(ours, encoding="utf-8", timeout=timeout_s)
        self.setwinsize(40, 120)
        self._program = ForkedProgram(
            module,
            arguments,
            env={**env, "TERM": "xterm"},
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            terminal=True,
        )
        os.close(theirs)

    def setwinsize(self, lines: int, columns: int) -> None:
        fcntl.ioctl(self.child_fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def send_signal(self, number: int) -> None:
        self._program.send_signal(number)

    def ended(self) -> int:
        """The exit code of a program that closes the terminal."""
        self.expect(pexpect.EOF)
        self.close()
        return self._program.wait(self.timeout)
