"""Clients that are slow, many, or write a request that can be read in two ways."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import pytest

from testbed.backend_process import BackendProcess
from testbed.postgres import Server, create_database, drop_database

CONNECTIONS = 24
BODY_LIMIT = 1_000_000
BODY = b'{"name": "room"}'
POST = b"POST /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"10\r\n" + BODY + b"\r\n0\r\n\r\n"
ALIVE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
END = b"\r\n0\r\n\r\n"


class Backend(BackendProcess):
    served = ""


@pytest.fixture(scope="module")
def backend(postgres: Server) -> Iterator[Backend]:
    """With short times and few connections."""
    name = asyncio.run(create_database(postgres))
    env = {
        "DATABASE_URL": postgres.database_url(name),
        "BACKEND_CONNECTIONS": str(CONNECTIONS),
        "BACKEND_HEADERS_TIMEOUT_S": "1.5",
        "BACKEND_WRITE_TIMEOUT_S": "1",
        "BACKEND_REQUEST_TIMEOUT_S": "2",
        "BACKEND_BODY_LIMIT_BYTES": str(BODY_LIMIT),
        "BACKEND_EMBEDDING_WORKER": "false",
    }
    running = Backend(env)
    with running:
        running.served = running.url()
        yield running
        running.stop()
    asyncio.run(drop_database(postgres.url, name))


@pytest.fixture
def url(backend: Backend) -> str:
    return backend.served


@dataclass
class Socket:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """Until the backend closes; fails if that takes as long as a test may."""
        return await self.reader.read()


@asynccontextmanager
async def connected(url: str, *, read_limit: int = 2**16) -> AsyncIterator[Socket]:
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port, limit=read_limit)
    try:
        yield Socket(reader, writer)
    finally:
        writer.transport.abort()


async def answer(url: str, request: bytes) -> tuple[int, dict[str, Any]]:
    """Status and problem; the connection must end behind it."""
    async with connected(url) as socket:
        await socket.send(request)
        return parsed(await socket.rest())


def parsed(response: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), response[:200]
    return int(head.split()[1]), json.loads(body)


AMBIGUOUS = {
    "two kinds of length": POST + b"Content-Length: 16\r\n" + CHUNKED + CHUNKS,
    "and in the other order": POST + CHUNKED[:-2] + b"Content-Length: 16\r\n\r\n" + CHUNKS,
    "two lengths": POST + b"Content-Length: 16\r\nContent-Length: 15\r\n\r\n" + BODY,
    "the same length twice": POST + b"Content-Length: 16\r\nContent-Length: 16\r\n\r\n" + BODY,
    "a list of lengths": POST + b"Content-Length: 16, 16\r\n\r\n" + BODY,
    "a length with a sign": POST + b"Content-Length: +16\r\n\r\n" + BODY,
    "a space before the colon": POST + b"Content-Length : 16\r\n\r\n" + BODY,
    "a folded header": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS,
    "line feeds alone": (POST + b"Content-Length: 16\r\n\r\n").replace(b"\r\n", b"\n") + BODY,
    "one line feed alone": POST + b"X: y\nContent-Length: 16\r\n\r\n" + BODY,
    "one carriage return alone": POST + b"X: y\rContent-Length: 16\r\n\r\n" + BODY,
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0") + CHUNKED + CHUNKS,
    "a chunk size with a sign": POST + CHUNKED + b"+10\r\n" + BODY + END,
    "a chunk size with a prefix": POST + CHUNKED + b"0x10\r\n" + BODY + END,
    "a chunk that is longer than it says": POST + CHUNKED + b"f\r\n" + BODY + END,
    "a chunk size that ends in a line feed": POST + CHUNKED + b"10\n" + BODY + END,
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
}


@pytest.mark.parametrize("request_", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_ends(
    url: str, request_: bytes
) -> None:
    # A second request stands behind it: it must never be answered.
    status, problem = await answer(url, request_ + ALIVE)

    assert (status, problem["status"]) == (400, 400)
    assert problem["detail"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS, 501),
        (ALIVE.replace(b"1.1", b"2.0"), 505),
        (ALIVE.replace(b"\r\n\r\n", b"\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"), 431),
    ],
    ids=["another encoding", "another version", "long headers"],
)
async def test_http_that_is_not_spoken_here_is_named(
    url: str, request_: bytes, status: int
) -> None:
    assert (await answer(url, request_))[0] == status


@pytest.mark.parametrize("length", [b"Content-Length: 16\r\n\r\n" + BODY, CHUNKED + CHUNKS])
async def test_one_kind_of_length_is_read(url: str, length: bytes) -> None:
    status, room = await answer(url, POST + b"Connection: close\r\n" + length)

    assert status in (200, 201)
    assert room["name"] == "room"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_client_that_sends_all_of_an_oversized_body_first_reads_its_413(
    url: str, chunked: bool
) -> None:
    size = 12 * BODY_LIMIT
    body = b" " * size
    sent = b"Content-Length: %d\r\n\r\n" % size + body
    if chunked:
        sent = CHUNKED + b"%x\r\n" % size + body + END

    status, problem = await answer(url, POST + sent)

    assert status == 413
    assert str(BODY_LIMIT) in problem["detail"]


async def test_an_oversized_body_that_is_announced_is_refused_before_it_is_sent(url: str) -> None:
    async with connected(url) as socket:
        await socket.send(POST + b"Expect: 100-continue\r\nContent-Length: 50000000\r\n\r\n")
        status, _ = parsed(await socket.rest())

    assert status == 413, "and not first 100 Continue"


async def test_headers_that_never_end_are_given_up(url: str) -> None:
    async with connected(url) as socket, asyncio.TaskGroup() as group:
        trickling = group.create_task(_trickle(socket, ALIVE[:-2] + b"X: " + b"a" * 1_000))
        status, problem = parsed(await socket.rest())
        trickling.cancel()

    assert status == 408
    assert "1.5 s" in problem["detail"]


async def test_a_client_that_sends_on_behind_its_late_headers_is_not_reset(url: str) -> None:
    async with connected(url) as socket:
        await socket.send(ALIVE[:-2] + b"X: ")
        beginning = await socket.reader.readexactly(1)
        for _ in range(3):
            await socket.send(b"a")
            await asyncio.sleep(0.05)
        status, _ = parsed(beginning + await socket.rest())

    assert status == 408


async def test_a_connection_without_a_request_is_given_up(url: str) -> None:
    async with connected(url) as socket:
        status, _ = parsed(await socket.rest())

    assert status == 408


async def test_headers_of_a_second_request_that_never_end_are_given_up(url: str) -> None:
    async with connected(url) as socket:
        await socket.send(ALIVE.replace(b"Connection: close\r\n", b"") + b"GET /he")
        await asyncio.sleep(0.2)
        await socket.send(b"althz")
        received = await socket.rest()

    assert received.count(b"HTTP/1.1 200") == 1
    assert received.count(b"HTTP/1.1 408") == 1


async def test_a_body_that_trickles_is_given_up(url: str) -> None:
    async with connected(url) as socket, asyncio.TaskGroup() as group:
        await socket.send(POST + b"Content-Length: 1000\r\n\r\n")
        trickling = group.create_task(_trickle(socket, b" " * 1_000))
        status, _ = parsed(await socket.rest())
        trickling.cancel()

    assert status == 408


async def test_a_body_that_trickles_behind_its_refusal_is_given_up(url: str) -> None:
    async with connected(url) as socket, asyncio.TaskGroup() as group:
        unknown = POST.replace(b"/rooms", b"/nothing")
        await socket.send(unknown + b"Content-Length: 1000\r\n\r\n")
        trickling = group.create_task(_trickle(socket, b" " * 1_000))
        status, _ = parsed(await socket.rest())
        trickling.cancel()

    assert status == 404


async def test_a_client_that_does_not_read_is_given_up(backend: Backend) -> None:
    description = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with connected(backend.served, read_limit=1) as socket:
        own_port = socket.writer.get_extra_info("sockname")[1]
        await socket.send(description * 400)
        await _until(lambda: own_port in _ports_of_clients(backend), is_true=True)
        await _until(lambda: own_port in _ports_of_clients(backend), is_true=False)


async def test_half_open_connections_keep_nobody_out(url: str) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3 * CONNECTIONS):
            socket = await stack.enter_async_context(connected(url))
            socket.writer.write(b"GET /heal")
        request = POST + b"Connection: close\r\n" + CHUNKED + CHUNKS
        while (await answer(url, request))[0] == 503:  # noqa: ASYNC110  # there is no event for it
            await asyncio.sleep(0.05)


async def test_when_all_connections_work_others_are_told_so_and_probes_are_answered(
    url: str,
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS):
            socket = await stack.enter_async_context(connected(url))
            await socket.send(POST + b"Content-Length: 100\r\n\r\n ")
        refused, problem = await answer(url, POST + b"Content-Length: 16\r\n\r\n" + BODY)
        alive, _ = await answer(url, ALIVE)

    assert (refused, alive) == (503, 200)
    assert "connections" in problem["detail"]


def _ports_of_clients(backend: Backend) -> set[int]:
    connections = psutil.Process(backend.process.pid).net_connections("tcp")
    return {one.raddr.port for one in connections if one.raddr}


async def _until(condition: Callable[[], bool], *, is_true: bool) -> None:
    while condition() is not is_true:  # noqa: ASYNC110  # the system has no event for it
        await asyncio.sleep(0.05)


async def _trickle(socket: Socket, data: bytes) -> None:
    for byte in data:
        socket.writer.write(bytes([byte]))
        await asyncio.sleep(0.05)
