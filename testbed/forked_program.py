"""Programs forked from a process that has imported them already: a start costs no imports.

Such a process has its own pid, signals, environment, descriptors and exit code. What only an
interpreter's own start does (command line, site packages) is left to tests that start one.
"""

import contextlib
import fcntl
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from types import TracebackType
from typing import IO, Any, Self

PIPE = subprocess.PIPE
# None that starts a thread on import, as onnxruntime does: only the thread that forks lives on.
PRELOADED = [
    "agent.chat",
    "agent.processes.agent_worker",
    "backend_stub.serving",
    "longroom.chat.session",
    "longroom.cli",
    "longroom.doctor.examination",
    "longroom.transfer.file_export",
    "longroom.transfer.file_import",
    "retrieval.backfill.run",
]


class ForkedProgram:
    """`python -m module arguments…`, with what tests use of `subprocess.Popen`.

    `env` is its whole environment, and None closes its standard input. With `terminal`, standard
    input becomes its controlling terminal.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: os.PathLike[str],
        stdin: int | None,
        stdout: int,
        stderr: int,
        terminal: bool = False,
    ) -> None:
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self._arguments = [module, *arguments]
        lent: list[int] = []
        if stdin == PIPE:
            stdin, writing = os.pipe()
            lent.append(stdin)
            self.stdin = os.fdopen(writing, "w", encoding="utf-8")
        if stdout == PIPE:
            reading, stdout = os.pipe()
            lent.append(stdout)
            self.stdout = os.fdopen(reading, encoding="utf-8")
        streams = [None if each is None else _Lent(each) for each in (stdin, stdout, stderr)]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._process: BaseProcess = context.Process(
            target=_become, args=(self._arguments, dict(env), os.fspath(cwd), streams, terminal)
        )
        self._process.start()
        for descriptor in lent:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        for stream in (self.stdin, self.stdout):
            if stream is not None:
                stream.close()
        self.wait()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._arguments, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_forked(
    module: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: os.PathLike[str],
    text: str | None = "",
    timeout_s: float = 90.0,
) -> subprocess.CompletedProcess[str]:
    """`text` is the program's standard input, which is closed if None."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        program = ForkedProgram(
            module,
            arguments,
            env=env,
            cwd=cwd,
            stdin=None if text is None else PIPE,
            stdout=stdout.fileno(),
            stderr=stderr.fileno(),
        )
        try:
            _give(program, text or "")
            code = program.wait(timeout_s)
        finally:
            program.kill()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(arguments, code, stdout.read(), stderr.read())


def kill_forked() -> None:
    """Python's exit would wait for what a failed test has left running."""
    for process in multiprocessing.active_children():
        process.kill()


def _give(program: ForkedProgram, text: str) -> None:
    if program.stdin is None:
        return
    # It may end without reading all.
    with contextlib.suppress(BrokenPipeError), program.stdin as given:
        given.write(text)


class _Lent:
    """A descriptor, of which the new process gets a copy."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __getstate__(self) -> Any:
        return DupFd(self.descriptor)

    def __setstate__(self, copy: Any) -> None:
        self.descriptor = copy.detach()


def _become(
    arguments: list[str],
    env: dict[str, str],
    cwd: str,
    streams: list[_Lent | None],
    terminal: bool,
) -> None:
    _leave_server()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    # Who runs the tests in the background has Ctrl-C ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _take(streams)
    if terminal:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.argv = list(arguments)
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _leave_server() -> None:
    """The program gets a fork server of its own if it uses multiprocessing, as LiveKit does."""
    server: Any = forkserver._forkserver
    os.close(server._forkserver_alive_fd)
    server._forkserver_alive_fd = server._forkserver_address = server._inherited_fds = None
    server._preload_modules = ["__main__"]


def _take(streams: list[_Lent | None]) -> None:
    for number, lent in enumerate(streams):
        if lent is None:
            os.close(number)
            continue
        os.dup2(lent.descriptor, number)
        os.close(lent.descriptor)
    sys.stdin = sys.__stdin__ = _opened(0, "r") if streams[0] else None  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _opened(1, "w")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _opened(2, "w")  # type: ignore[misc]


def _opened(descriptor: int, mode: str) -> Any:
    file: Any = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115  # for good
    file.reconfigure(write_through=True)
    return file
