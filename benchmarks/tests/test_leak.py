"""Hundreds of probes find nothing in our backend, and what is planted in another; `make bench-leak`
sends ten thousand.
"""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.leak.__main__ import environment
from benchmarks.leak.judge import Findings
from benchmarks.leak.run import probe_backend
from benchmarks.leak.world import World
from benchmarks.tests.leaky_backend import PLANTED
from testbed.backend_process import BackendProcess
from testbed.postgres import Server, create_database, drop_database, running_server
from testbed.program import Program


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_server(in_memory=True) as server:
        yield server


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    name = asyncio.run(create_database(postgres, template=postgres.template))
    yield postgres.database_url(name)
    asyncio.run(drop_database(postgres.url, name))


async def found(url: str, database_url: str, *, most: int) -> Findings:
    world = World(url, database_url, salt=secrets.token_hex(4))
    await world.fill()
    return await probe_backend(world, most=most, seed=1)


@pytest.mark.timeout(400)
def test_our_backend_gives_nothing_away(database_url: str) -> None:
    with BackendProcess(environment(database_url), forked=True) as backend:
        findings = asyncio.run(found(backend.url(), database_url, most=1_500))
        backend.stop()

    assert findings.probes >= 1_500
    assert findings.clean, findings.told


@contextmanager
def leaky_backend(fault: str, database_url: str, log: Path) -> Iterator[str]:
    program = Program(
        ["benchmarks.tests.leaky_backend", "--port", "0"],
        env=environment(database_url) | {"PLANTED": fault},
        log=log,
    )
    said = program.start(until="ready http")
    yield said.partition("ready ")[2].strip()
    program.terminate()
    program.wait()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fault", PLANTED)
def test_what_is_planted_is_found(database_url: str, tmp_path: Path, fault: str) -> None:
    with leaky_backend(fault, database_url, tmp_path / "log") as url:
        findings = asyncio.run(found(url, database_url, most=1))

    assert findings.leaks > 0, findings
