"""Fixtures that every kind of test may use, and the markers that follow from the folder."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.database.connection import open_connection
from retrieval.database.pool import connect
from retrieval.settings import EmbeddingSettings
from testbed.cluster_folder import folder_of_clusters
from testbed.forked_program import kill_forked
from testbed.postgres import (
    NoDatabase,
    Server,
    as_user,
    create_database,
    drop_database,
    running_server,
)
from testbed.reaper import reaped_run
from tests.support.file_order import place_of
from tests.support.room_fixtures import livekit_server, stack

if TYPE_CHECKING:
    import asyncpg

    from retrieval.embedders import Embedder

__all__ = ["livekit_server", "stack"]  # here alone: each conftest that has them starts others

TESTS = Path(__file__).parent
BENCHMARK_TESTS = TESTS.parent / "benchmarks" / "tests"
TIMEOUT_S = {
    "unit": 60,
    "integration": 180,
    "contract": 180,
    "session": 180,
    "e2e": 300,
    "browser": 300,
}
RESOURCES = pytest.StashKey[ExitStack]()
SERVER = pytest.StashKey[Server]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: a real browser against real processes")
    config.stash[RESOURCES] = ExitStack()
    if not _worker_input(config):
        config.stash[RESOURCES].enter_context(reaped_run())


def pytest_unconfigure(config: pytest.Config) -> None:
    kill_forked()
    config.stash[RESOURCES].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        kind = _kind(item.path)
        item.add_marker(kind)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S[kind]))
    if _worker_input(config):
        items.sort(key=lambda item: place_of(item.path))


def _kind(path: Path) -> str:
    if path.is_relative_to(BENCHMARK_TESTS):
        return "unit"
    kind = path.relative_to(TESTS).parts[0]
    if kind not in TIMEOUT_S:
        raise pytest.UsageError(f"{path} must stand in tests/<kind>/, one of {[*TIMEOUT_S]}")
    return kind


def pytest_report_header(config: pytest.Config) -> list[str]:
    return [_server_line(config)] if _is_controller(config) else []


def pytest_report_collectionfinish(
    config: pytest.Config, items: list[pytest.Item]
) -> str | list[str]:
    if config.option.collectonly or not any(_needs_database(item) for item in items):
        return []
    return _server_line(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist: the controller's server is every worker's."""
    node.workerinput["postgres"] = asdict(_server(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.support.parallel_files import FileScheduling  # needs pytest-xdist

    return FileScheduling(config, log)


def _is_controller(config: pytest.Config) -> bool:
    """Whether this process hands out tests to workers, and so collects none."""
    return bool(config.getoption("dist", "no") != "no")


def _worker_input(config: pytest.Config) -> dict[str, Any]:
    """What the controller gave this process; empty where there is none."""
    return getattr(config, "workerinput", {})


def _needs_database(item: pytest.Item) -> bool:
    return "postgres" in getattr(item, "fixturenames", ())


def _server_line(config: pytest.Config) -> str:
    server = _server(config)
    return f"database: {server.provider}, {server.versions}"


def _server(config: pytest.Config) -> Server:
    if given := _worker_input(config):
        return Server(**given["postgres"])
    if SERVER not in config.stash:
        try:
            config.stash[SERVER] = config.stash[RESOURCES].enter_context(
                running_server(in_memory=True)
            )
        except NoDatabase as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    return config.stash[SERVER]


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Server:
    """The run's PostgreSQL server."""
    return _server(pytestconfig)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that an embedded server can live in, and no server is left in.

    Not in `tmp_path`: that lies in a folder which every other test run by the same user closes
    again to all other users, and so, for root, to PostgreSQL's.
    """
    folder = Path(tempfile.mkdtemp(prefix="longroom-test-", dir=folder_of_clusters()))
    folder.chmod(0o711)
    yield folder
    if (folder / "postgres" / "cluster" / "postmaster.pid").exists():
        server = EmbeddedPostgres(folder)
        server.start()
        server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> str:
    """The database that each test gets a copy of: empty, unless its module has another."""
    return postgres.template


@pytest.fixture(scope="module")
def database(postgres: Server) -> Iterator[str]:
    """The URL of one for all tests of a module."""
    name = asyncio.run(create_database(postgres))
    yield postgres.database_url(name)
    asyncio.run(drop_database(postgres.url, name))


@pytest.fixture
async def database_url(postgres: Server, database_template: str) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    name = await create_database(postgres, template=database_template)
    yield postgres.database_url(name)
    await drop_database(postgres.url, name)


@pytest.fixture
async def db(database_url: str) -> "AsyncIterator[asyncpg.Pool[asyncpg.Record]]":
    """A pool on this test's own database."""
    pool = await connect(database_url, pool_size=10)
    yield pool
    pool.terminate()  # a failed test may have left a connection busy


@pytest.fixture
async def login(postgres: Server, database_url: str) -> AsyncIterator[str]:
    """The address with a login that may be longroom_app, and nothing else."""
    name = f"longroom_test_{secrets.token_hex(6)}"
    admin = await open_connection(postgres.url)
    await admin.execute(f"create role {name} login password 'app' in role longroom_app")
    yield as_user(database_url, f"{name}:app")
    await admin.execute(f"drop role {name}")
    await admin.close()


@pytest.fixture(scope="session")
def minilm() -> "Embedder":
    """The real default model, loaded once."""
    from retrieval.embedders import open_embedder

    return open_embedder(EmbeddingSettings(provider="onnx"))
