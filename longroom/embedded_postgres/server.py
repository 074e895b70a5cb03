"""Starts, shares, restarts and stops the embedded PostgreSQL server.

Processes hold a shared flock on their data folder, which the kernel releases however they end. The
last one gets the exclusive lock on stop, and stops the server.
"""

import fcntl
import hashlib
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from longroom.embedded_postgres.programs import PostgresPrograms, installed_programs
from longroom.embedded_postgres.start_steps import FIRST_START, Step, untold
from retrieval.database.roles import APP, BACKGROUND
from retrieval.errors import DatabaseUnfit
from retrieval.settings import Logins

SETTINGS = {
    "listen_addresses": "",  # a Unix socket in a private folder, no port
    "shared_buffers": "256MB",
    "jit": "off",  # compiling takes longer than these queries
    "random_page_cost": "1.1",
    "effective_io_concurrency": "64",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "idle_in_transaction_session_timeout": "60s",  # old snapshots defeat index-only scans
    "timezone": "UTC",
    "log_timezone": "UTC",
}
RECOVERY_S = 900  # WAL replay after a crash during a large import takes minutes
ORPHANS_S = 30  # children of a killed postmaster exit within this time
MAX_SOCKET_PATH = 100  # bytes; operating systems allow 104 or more
LOG = "server.log"
MAX_LOG_BYTES = 10_000_000


class EmbeddedPostgres:
    """A server in `data_dir`/postgres, shared by all processes that use the folder. Methods block.
    `settings` override the defaults; those of the process that starts the server apply.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._folder = data_dir.resolve() / "postgres"
        self._cluster = self._folder / "cluster"
        self._settings = SETTINGS | dict(settings or {})
        self._users_lock: int | None = None

    def start(self, step: Step = untold) -> str:
        """Initialise, recover or (re)start if necessary; returns the URL. Raises DatabaseUnfit."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._exclusively():
                self._start(installed_programs(), step)
                if self._users_lock is None:
                    self._users_lock = _open_lock(self._folder / "users.lock")
                    fcntl.flock(self._users_lock, fcntl.LOCK_SH)
        except OSError as error:
            raise DatabaseUnfit(
                f"the data folder {self._folder} cannot be used ({error});"
                " make it writable or choose another"
            ) from error
        return self._url()

    def stop(self) -> None:
        """The last process to release the server stops it."""
        if self._users_lock is None:
            return
        with self._exclusively():
            lock, self._users_lock = self._users_lock, None
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                os.close(lock)
            if self._postmaster() is not None:
                installed_programs().run(
                    "pg_ctl", "stop", "-m", "fast", "-t", str(RECOVERY_S), cluster=self._cluster
                )

    def is_alive(self) -> bool:
        return self._postmaster() is not None

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        lock = _open_lock(self._folder / "start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _start(self, programs: PostgresPrograms, step: Step) -> None:
        self._ensure_cluster(programs, step)
        if self._postmaster() is not None and self._answers_in_time(programs):
            return
        was_killed = (self._cluster / "postmaster.pid").exists()
        step("starting PostgreSQL, which was killed" if was_killed else "starting PostgreSQL")
        self._clear_stale(programs)
        self._launch(programs)
        if not self._answers_in_time(programs):
            raise DatabaseUnfit(
                f"PostgreSQL in {self._folder} does not answer; its log ends: "
                + _last_lines(self._cluster / LOG)
            )

    def _ensure_cluster(self, programs: PostgresPrograms, step: Step) -> None:
        version_file = self._cluster / "PG_VERSION"
        if not version_file.exists():
            step(FIRST_START)
            return self._init_cluster(programs)
        found = version_file.read_text().strip()
        ours = programs.major_version(self._cluster)
        if found != ours:
            raise DatabaseUnfit(
                f"the data folder {self._folder} belongs to PostgreSQL {found}, this is {ours};"
                " choose another folder and bring the rooms over with `longroom export` of the"
                " old installation and `longroom import` of this one"
            )
        return None

    def _init_cluster(self, programs: PostgresPrograms) -> None:
        # Renamed when complete: a killed initdb must not leave a half-initialised cluster.
        unfinished = self._folder / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        programs.user.own(unfinished)
        programs.run(
            "initdb",
            "--username=postgres",
            "--auth=trust",  # the socket's folder is private
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            cluster=unfinished,
        )
        unfinished.rename(self._cluster)

    def _postmaster(self) -> psutil.Process | None:
        """Looks beyond the pid file: its pid may be dead, a zombie's or another program's."""
        try:
            pid = int((self._cluster / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            return process if self._is_ours(process) else None
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return None

    def _is_ours(self, process: psutil.Process) -> bool:
        """A zombie has no working folder."""
        try:
            return process.name() == "postgres" and process.cwd() == str(self._cluster)
        except psutil.Error:
            return False

    def _clear_stale(self, programs: PostgresPrograms) -> None:
        """Wait for the dead server's last child, then remove its pid file and sockets.
        PostgreSQL removes them itself unless the old pid is in use.
        """
        deadline = time.monotonic() + ORPHANS_S
        while any(self._is_ours(process) for process in psutil.process_iter()):
            if time.monotonic() > deadline:
                raise DatabaseUnfit(
                    f"PostgreSQL in {self._folder} was killed but a process of it still runs;"
                    " end it and try again"
                )
            time.sleep(0.05)
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        for socket in self._socket_folder(programs).glob(".s.PGSQL.*"):
            socket.unlink()

    def _launch(self, programs: PostgresPrograms) -> None:
        log = self._cluster / LOG
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.unlink()
        socket_folder = self._socket_folder(programs)
        settings = self._settings | {"unix_socket_directories": str(socket_folder)}
        options = shlex.join(
            word for name, value in settings.items() for word in ("-c", f"{name}={value}")
        )
        arguments = ["start", "-w", "-t", str(RECOVERY_S), "-l", LOG, "-o", options]
        try:
            programs.run("pg_ctl", *arguments, cluster=self._cluster)
        except DatabaseUnfit as error:
            raise DatabaseUnfit(f"{error}; its log ends: {_last_lines(log)}") from error

    def _socket_folder(self, programs: PostgresPrograms) -> Path:
        if len(os.fsencode(self._cluster / ".s.PGSQL.5432")) <= MAX_SOCKET_PATH:
            return self._cluster
        name = hashlib.sha256(os.fsencode(self._cluster)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"longroom-{name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        programs.user.own(folder)
        expected = os.geteuid() if programs.user.uid is None else programs.user.uid
        if folder.is_symlink() or folder.stat().st_uid != expected:
            raise DatabaseUnfit(f"{folder} belongs to someone else; remove it")
        return folder

    def _answers_in_time(self, programs: PostgresPrograms) -> bool:
        """Waits during recovery, but not for a server that has died."""
        deadline = time.monotonic() + RECOVERY_S
        while not self._answers(programs):
            if self._postmaster() is None or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _answers(self, programs: PostgresPrograms) -> bool:
        try:
            said = programs.run("psql", "-XAtc", "select 1", self._url(), cluster=self._cluster)
            return said.strip() == "1"
        except (DatabaseUnfit, FileNotFoundError, IndexError):
            return False

    def _url(self) -> str:
        lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        port, socket_folder = lines[3], lines[4]
        return f"postgresql://postgres@/postgres?host={quote(socket_folder)}&port={port}"


def embedded_logins(url: str) -> Logins:
    """The users of a migrated embedded database; `url` is the owner's, who is a superuser."""

    def login(name: str) -> str:
        return url.replace("//postgres@", f"//{name}@", 1)

    return Logins(requests=login(APP), background=login(BACKGROUND), owner=url)


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else "-"


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
