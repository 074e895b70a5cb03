"""The embedded server: initialised, shared, killed, restarted, refused."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from longroom.embedded_postgres.server import EmbeddedPostgres
from longroom.embedded_postgres.supervisor import running_postgres
from retrieval.errors import DatabaseUnfit

ROOT = Path(__file__).parents[2]
COMES_BACK_WITHIN_S = 50
SMALL = {"shared_buffers": "16MB", "max_connections": "20"}

OWNER = """
import sys
from pathlib import Path
from longroom.embedded_postgres.server import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"shared_buffers": "16MB"})
print(server.start(), flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def owner(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that runs the server, and the URL it printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def leave(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait() == 0


def postmaster_pid(data_dir: Path) -> int | None:
    file = data_dir / "postgres" / "cluster" / "postmaster.pid"
    return int(file.read_text().split()[0]) if file.exists() else None


def execute(url: str, statement: str) -> object:
    async def once() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(once())


def is_stopped(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_data_survives_a_stop(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings=SMALL)
    url = server.start()
    pid = postmaster_pid(data_dir)
    assert pid is not None
    execute(url, "create table kept as select 7 as id")
    assert execute(url, "show jit") == "off"
    assert execute(url, "show shared_buffers") == "16MB"
    assert execute(url, "show listen_addresses") == ""
    server.stop()
    assert is_stopped(pid)
    again = EmbeddedPostgres(data_dir, settings=SMALL)
    assert execute(again.start(), "select id from kept") == 7
    again.stop()


def test_two_processes_share_a_server_and_the_last_one_stops_it(data_dir: Path) -> None:
    mine = EmbeddedPostgres(data_dir, settings=SMALL)
    with owner(data_dir) as (other, other_url):
        assert mine.start() == other_url
        pid = postmaster_pid(data_dir)
        assert pid is not None
        leave(other)
        assert execute(other_url, "select 1") == 1
        mine.stop()
        assert is_stopped(pid)


def test_two_processes_that_start_at_once_share_a_server(data_dir: Path) -> None:
    with owner(data_dir) as (first, first_url), owner(data_dir) as (second, second_url):
        assert first_url == second_url != ""
        leave(first)
        assert execute(second_url, "select 1") == 1
        leave(second)
    assert postmaster_pid(data_dir) is None


def test_server_of_a_killed_process_is_shared_and_stopped(data_dir: Path) -> None:
    with owner(data_dir) as (other, url):
        execute(url, "create table kept as select 7 as id")
        pid = postmaster_pid(data_dir)
        assert pid is not None
        other.kill()
        other.wait()
        mine = EmbeddedPostgres(data_dir, settings=SMALL)
        assert mine.start() == url
        assert postmaster_pid(data_dir) == pid
        assert execute(url, "select id from kept") == 7
        mine.stop()
        assert is_stopped(pid)


def test_killed_server_restarts_with_nothing_lost(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings=SMALL)
    url = server.start()
    execute(url, "create table kept (id int)")
    for number in range(3):
        execute(url, f"insert into kept values ({number}) returning id")  # noqa: S608 - a number
        pid = postmaster_pid(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        url = server.start()
        assert postmaster_pid(data_dir) != pid
        assert execute(url, "select count(*) from kept") == number + 1
    server.stop()


def test_killed_server_is_restarted_by_another_process_that_shares_it(data_dir: Path) -> None:
    with owner(data_dir) as (other, url):
        execute(url, "create table kept as select 7 as id")
        pid = postmaster_pid(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        mine = EmbeddedPostgres(data_dir, settings=SMALL)
        assert execute(mine.start(), "select id from kept") == 7
        mine.stop()
        assert execute(url, "select id from kept") == 7  # the other one still uses it
        leave(other)
    assert postmaster_pid(data_dir) is None


def test_reused_pid_of_a_dead_server_does_not_prevent_the_start(
    data_dir: Path,
) -> None:
    server = EmbeddedPostgres(data_dir, settings=SMALL)
    server.start()
    pid = postmaster_pid(data_dir)
    assert pid is not None
    pid_file = data_dir / "postgres" / "cluster" / "postmaster.pid"
    content = pid_file.read_text()
    zombie = subprocess.Popen(["true"])  # dead, but not waited for
    while psutil.Process(zombie.pid).status() != psutil.STATUS_ZOMBIE:
        os.sched_yield()
    for stranger in (zombie.pid, os.getpid()):
        server.stop()
        pid_file.write_text(content.replace(str(pid), str(stranger), 1))
        assert execute(server.start(), "select 1") == 1
    server.stop()
    zombie.wait()


def test_killed_initialisation_is_repeated(data_dir: Path) -> None:
    unfinished = data_dir / "postgres" / "cluster.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(data_dir, settings=SMALL)
    assert execute(server.start(), "select 1") == 1
    server.stop()


@pytest.mark.parametrize("name", ["with space & 'quotes' $HOME", "très-déjà", "deep/" * 30])
def test_unusual_folders_work(data_dir: Path, name: str) -> None:
    server = EmbeddedPostgres(data_dir / name, settings=SMALL)
    try:
        assert execute(server.start(), "select 1") == 1
    finally:
        server.stop()


def test_folder_of_another_postgresql_is_refused(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings=SMALL)
    server.start()
    server.stop()
    (data_dir / "postgres" / "cluster" / "PG_VERSION").write_text("16\n")
    with pytest.raises(DatabaseUnfit, match="belongs to PostgreSQL 16, this is 18"):
        server.start()


def test_unusable_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnfit, match=r"cannot be used.*Not a directory.*choose another"):
        EmbeddedPostgres(tmp_path / "file" / "data").start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DatabaseUnfit, match=r"cannot be used.*make it writable"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_server_that_cannot_start_says_why(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"shared_buffers": "many"})
    with pytest.raises(DatabaseUnfit, match='invalid value for parameter "shared_buffers"'):
        server.start()


async def test_running_server_that_is_killed_comes_back_under_the_same_url(data_dir: Path) -> None:
    async with running_postgres(data_dir, check_interval_s=0.05) as url:
        pool = await asyncpg.create_pool(url, min_size=1, max_size=2)
        await pool.execute("create table kept as select 7 as id")
        pid = postmaster_pid(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(COMES_BACK_WITHIN_S):
            while not (is_stopped(pid) and await answers(pool)):  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(0.05)
        assert await pool.fetchval("select id from kept") == 7
        pool.terminate()
    assert postmaster_pid(data_dir) is None


async def answers(pool: asyncpg.Pool) -> bool:
    try:
        return bool(await pool.fetchval("select count(*) = 1 from kept"))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        return False
