"""The PostgreSQL server of a test run: TEST_DATABASE_URL, in a container, or embedded.

A child process stops it when its standard input closes, also when the test run is killed.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.database.connection import open_connection
from retrieval.database.migrations import migrate
from testbed.cluster_folder import folder_of_clusters
from testbed.reaper import MARK

T = TypeVar("T")

IMAGE = "pgvector/pgvector:pg17"
DOCKER_PING_S = 2
IN_MEMORY = "--in-memory"
# A test's data need not survive a power failure.
FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
SMALL = {"max_wal_size": "256MB"}


class NoDatabase(Exception):
    """The server that the environment asks for did not start; there is no fallback."""


@dataclass(frozen=True)
class Server:
    """`template` is a migrated database of which each test gets a copy."""

    provider: str
    url: str
    template: str
    versions: str

    def database_url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))


def as_user(url: str, user_and_password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user_and_password}@{host}"))


@contextmanager
def running_server(*, in_memory: bool = False) -> Iterator[Server]:
    """`in_memory`: an embedded server's files are there, if there is room. Raises NoDatabase."""
    with _owned_server(in_memory=in_memory) as (provider, url):
        template = f"longroom_template_{secrets.token_hex(4)}"
        server = Server(provider, url, template, versions=_blocking(_prepare(url, template)))
        try:
            yield server
        finally:
            _blocking(drop_database(url, template))


async def create_database(server: Server, *, template: str | None = None) -> str:
    """Returns the copy's name. `template` (default: the migrated one) must have no connections."""
    name = f"longroom_test_{secrets.token_hex(6)}"
    # Costs a third of writing every page to the WAL, and a run makes hundreds.
    copied = f'"{template or server.template}" strategy file_copy'
    await _execute(server.url, f'create database "{name}" template {copied}')
    return name


async def drop_database(url: str, name: str) -> None:
    """Also ends connections that are still open."""
    await _execute(url, f'drop database if exists "{name}" with (force)')


async def _prepare(url: str, template: str) -> str:
    await _execute(url, f'create database "{template}"')
    template_url = urlunsplit(urlsplit(url)._replace(path=f"/{template}"))
    await migrate(template_url)
    connection = await open_connection(template_url)
    try:
        server = await connection.fetchval("show server_version")
        vector = await connection.fetchval(
            "select extversion from pg_extension where extname = 'vector'"
        )
    finally:
        await connection.close()
    return f"PostgreSQL {server.split()[0]}, pgvector {vector}"


async def _execute(url: str, statement: str) -> None:
    connection = await open_connection(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    # In a thread: the caller may have a running event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@contextmanager
def _owned_server(*, in_memory: bool) -> Iterator[tuple[str, str]]:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield "TEST_DATABASE_URL", given
        return
    owner = subprocess.Popen(
        [sys.executable, "-m", "testbed.postgres", *([IN_MEMORY] if in_memory else [])],
        cwd=Path(__file__).parents[1],
        env={name: value for name, value in os.environ.items() if name != MARK},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C must reach the tests only
    )
    with owner:
        assert owner.stdout is not None
        said = owner.stdout.readline()
        if not said:
            raise NoDatabase("no PostgreSQL for the tests; the reason stands above")
        answer = json.loads(said)
        yield answer["provider"], answer["url"]


def main() -> None:
    wanted = os.environ.get("TEST_PG", "")
    if wanted not in ("", "docker", "embedded"):
        sys.exit(f"TEST_PG is {wanted!r}; use docker or embedded, or leave it empty")
    if wanted == "docker" or (wanted == "" and _docker_answers()):
        _own_container()
    else:
        _own_embedded(folder_of_clusters() if IN_MEMORY in sys.argv else None)


def _docker_answers() -> bool:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=DOCKER_PING_S)
        try:
            return bool(client.ping() and client.images.list(name=IMAGE))
        finally:
            client.close()
    except (DockerException, OSError):
        return False


def _own_container() -> None:
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # this process is the reaper
    from testcontainers.community.postgres import PostgresContainer

    with PostgresContainer(IMAGE, driver=None) as container:
        _serve("docker", container.get_connection_url())


def _own_embedded(parent: Path | None) -> None:
    folder = Path(tempfile.mkdtemp(prefix="longroom-test-", dir=parent))
    folder.chmod(0o711)  # PostgreSQL's user must get through when we are root
    postgres = EmbeddedPostgres(folder, settings=FAST if parent is None else FAST | SMALL)
    try:
        _serve("embedded", postgres.start())
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _serve(provider: str, url: str) -> None:
    sys.stdout.write(json.dumps({"provider": provider, "url": url}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
