"""What a caller writes, wherever he may write, is in no log line, figure or span of a backend."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from retrieval.database.connection import open_connection
from retrieval.private_logs import digest
from testbed.backend_process import BackendProcess
from tests.support.trace_collector import Collector, collecting
from tests.support.wire_examples import message

CANARY = "zanzibar"
"""In each written form that a log may give it."""
KEY = f"the key {CANARY}"
API = "/api/v1"
HEADERS = {
    "X-Request-ID": f"{CANARY}-1",
    "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
    "tracestate": f"{CANARY}={CANARY}",
    "baggage": f"who={CANARY}",
    "User-Agent": CANARY,
    "Referer": f"http://{CANARY}/",
    "Cookie": f"{CANARY}={CANARY}",
    "X-Forwarded-For": CANARY,
    "Origin": f"http://{CANARY}.example",
    CANARY: CANARY,
}
WRONG_HEADERS = (
    {"Authorization": f"Bearer {CANARY}"},
    {"Authorization": f"Bearer lr_{CANARY}_{CANARY}"},
    {"Authorization": f"Bearer {CANARY}.{CANARY}.{CANARY}"},
    {"Authorization": f"{CANARY} {CANARY}"},
    {"Content-Type": f"text/{CANARY}"},
    {"Content-Length": CANARY},
    {"Transfer-Encoding": CANARY},
    {"Expect": CANARY},
    {"Upgrade": CANARY, "Connection": "upgrade"},
    {"Host": CANARY},
)
FAIL = f"""
alter table message add constraint none check (content not like '%{CANARY}%') not valid
"""


@dataclass
class Watched:
    process: BackendProcess
    url: str
    collector: Collector
    client: httpx.Client

    def request(self, method: str, path: str, **options: Any) -> int:
        headers = {"Authorization": f"Bearer {KEY}", **HEADERS, **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options).status_code

    def conversation(self) -> str:
        key = {"Authorization": f"Bearer {KEY}"}
        made = self.client.post(f"{API}/conversations", json={"key": "k"}, headers=key)
        return str(made.json()["conversation_id"])

    def told(self) -> str:
        """The log until now, and the figures."""
        figures = self.client.get("/metrics").text
        return (self.process.log() + figures).lower()


@pytest.fixture
def watched(database_url: str) -> Iterator[Watched]:
    with collecting() as collector:
        env = {
            "DATABASE_URL": database_url,
            "BACKEND_SERVICE_KEY": KEY,
            "BACKEND_TOKEN_SECRET": "signs the tokens of these tests alone",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            **collector.environment,
        }
        with BackendProcess(env) as process:
            url = process.url()
            with httpx.Client(base_url=url, timeout=30) as client:
                yield Watched(process, url, collector, client)
            process.stop()
        assert collector.bodies
        for body in collector.bodies:
            assert CANARY.encode() not in body.lower()


def routes(watched: Watched) -> list[tuple[str, str, list[Any]]]:
    description = watched.client.get(f"{API}/openapi.json").json()
    return [
        (method.upper(), path, _examples(route))
        for path, methods in description["paths"].items()
        for method, route in methods.items()
    ]


def _examples(route: dict[str, Any]) -> list[Any]:
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
    return [example["value"] for example in body.get("examples", {}).values()]


def changed(value: Any) -> Iterator[Any]:
    """Copies with one field each that is the canary, has it for its name, or lies beside it."""
    if isinstance(value, dict):
        yield value | {CANARY: 1}
        yield value | {CANARY: CANARY}
        for name, part in value.items():
            yield value | {name: CANARY}
            yield value | {name: [CANARY]}
            yield value | {name: {CANARY: CANARY}}
            for one in changed(part):
                yield value | {name: one}
    elif isinstance(value, list):
        yield [*value, CANARY]
        for place, part in enumerate(value):
            for one in changed(part):
                yield [*value[:place], one, *value[place + 1 :]]


@pytest.mark.timeout(180)
def test_no_route_tells_what_it_was_sent(watched: Watched) -> None:
    here = watched.conversation()
    statuses = set()
    for method, path, examples in routes(watched):
        for conversation_id in (here, uuid4(), CANARY):
            names = dict.fromkeys(
                ("room", "session_id", "agent_name", "worker_id", "message_id", "identity"), CANARY
            )
            filled = path.format_map(_Names(names | {"conversation_id": str(conversation_id)}))
            statuses.add(watched.request(method, filled))
            statuses.add(watched.request(method, f"{filled}?{CANARY}={CANARY}&limit={CANARY}"))
            for example in examples:
                for body in [example, *changed(example)] if conversation_id != CANARY else []:
                    statuses.add(watched.request(method, filled, json=body))
    for wrong in (
        f"/{CANARY}",
        f"{API}/rooms",
        f"{API}/{CANARY}",
        f"{API}/rooms/{CANARY}/{CANARY}",
        f"/%00{CANARY}",
    ):
        statuses.add(watched.request(CANARY.upper(), wrong))
        statuses.add(
            watched.request(
                "POST",
                wrong,
                content=f'{{"{CANARY}": "{CANARY}",',
                headers={"Content-Type": "application/json"},
            )
        )
        statuses.add(watched.request("GET", wrong))

    assert {200, 201, 204, 400, 404, 405, 422} <= statuses
    told = watched.told()
    assert CANARY not in told
    assert digest(CANARY) in told  # of session_id: it is looked for where it would be


def test_no_header_is_told(watched: Watched) -> None:
    host, port = watched.url.removeprefix("http://").split(":")
    for wrong in WRONG_HEADERS:
        headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {KEY}"} | wrong
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            request = f"POST {API}/rooms?{CANARY} HTTP/1.1\r\n{head}Connection: close\r\n\r\n"
            connection.sendall(request.encode())
            connection.settimeout(10)
            connection.recv(65536)
    for garbage in (f"{CANARY}\r\n\r\n", f"GET {CANARY}\r\n\r\n", f"GET / HTTP/{CANARY}\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(garbage.encode())
            connection.recv(65536)

    assert CANARY not in watched.told()


@pytest.mark.timeout(120)
def test_a_database_that_quotes_a_row_is_not_quoted(watched: Watched, database_url: str) -> None:
    here = watched.conversation()
    asyncio.run(_execute(database_url, FAIL))

    said = message(content=f"the {CANARY} ferry")
    status = watched.request(
        "POST",
        f"{API}/conversations/{here}/messages",
        json={"messages": [said]},
    )

    assert status == 500
    while "CheckViolationError" not in (log := watched.process.log()):
        time.sleep(0.05)  # it is written after the answer
    assert CANARY not in log
    assert all(isinstance(json.loads(line), dict) for line in log.splitlines())


async def _execute(url: str, sql: str) -> None:
    connection = await open_connection(url)
    await connection.execute(sql)
    await connection.close()


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return CANARY
