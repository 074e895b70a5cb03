"""docs/guides/own-postgresql.md, walked through as it stands there, on a server of its own.

Not the run's server: the guide makes logins, which are a server's.
"""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from longroom.client import LongroomClient
from longroom.embedded_postgres.programs import installed_programs
from longroom.embedded_postgres.server import EmbeddedPostgres
from longroom.local_room.livekit_server import free_port
from tests.support.guide import ROOT, Block, Terminal, blocks_of, prints

GUIDE = ROOT / "docs" / "guides" / "own-postgresql.md"
BACKEND = "longroom backend\n"
FEED = "python -m examples.own_postgresql.feed\n"
WAIT_S = 60


@dataclass(frozen=True)
class Shop:
    """A server with the shop's empty database; `host` is what follows its users in addresses."""

    url: str
    host: str
    env: dict[str, str]


@pytest.fixture
def shop(data_dir: Path) -> Iterator[Shop]:
    server = EmbeddedPostgres(data_dir, settings={"fsync": "off", "full_page_writes": "off"})
    url = server.start()
    try:
        for statement in ("create role shop login", "create database shop owner shop"):
            _psql(url, statement)
        folder, _, port = url.partition("?host=")[2].partition("&port=")
        yield Shop(url, f"@/shop?host={folder}", {"PGPORT": port})
    finally:
        server.stop()


def _psql(url: str, statement: str) -> None:
    psql = installed_programs().folder / "psql"
    subprocess.run([psql, url, "-Xc", statement], check=True, capture_output=True)


async def test_every_command_of_the_guide_does_what_it_says(shop: Shop, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    terminal = Terminal(
        tmp_path,
        env={**shop.env, "BACKEND_URL": url, "BACKEND_PORT": url.rpartition(":")[2]},
        meant={"@localhost/shop": shop.host, "http://127.0.0.1:8000": url},
    )
    typed: list[Block] = []
    last = ""
    with ExitStack() as stack:
        for block in blocks_of(GUIDE):
            typed.append(block)
            if block.typed.endswith((BACKEND, FEED)):
                log = tmp_path / f"{len(typed)}.log"
                stack.enter_context(terminal.running(block, log=log))
                if block.typed.endswith(BACKEND):
                    await asyncio.to_thread(_wait_until_it_answers, url, log)
                continue
            last = await asyncio.to_thread(terminal.type, block)
            if block.printed is not None:
                assert prints(block.printed, last), f"{block.typed}\n{last}"

        key = await asyncio.to_thread(terminal.exported, "BACKEND_SERVICE_KEY")
        await _until_the_feed_has_told(url, key)

    assert _messages_on_the_disk(last) >= 6  # row-level security shows the owner all
    assert [b for b in typed if b.typed.endswith(BACKEND)]
    assert [b for b in typed if b.typed.endswith(FEED)]
    assert len([b for b in typed if b.printed is not None]) >= 6


def _messages_on_the_disk(printed: str) -> int:
    return int(printed.splitlines()[2].partition("|")[0])


def _wait_until_it_answers(url: str, log: Path) -> None:
    deadline = time.monotonic() + WAIT_S
    with httpx.Client(base_url=url) as http:
        while True:
            assert time.monotonic() < deadline, log.read_text()
            try:
                if http.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)


async def _until_the_feed_has_told(url: str, key: str) -> None:
    """What section 5 did to the table is what the memory reads."""
    async with LongroomClient(url, key=key) as longroom, asyncio.timeout(WAIT_S):
        conversation = await longroom.conversation("c-17")
        while True:
            said = {str(message.id): message.content async for message in conversation.messages()}
            if "green barn" in said["1"] and "2" not in said and len(said) == 2:
                break
            await asyncio.sleep(0.1)
        found = await conversation.search("Where do Ada's parcels go?", limit=1)
    assert [hit.message.content for hit in found.hits] == ["Parcels for me go to the green barn."]


def test_what_a_guide_shows_is_compared() -> None:
    assert prints("stored 3 in …\n", "stored 3 in 0.1 s\n")
    assert prints("first\n…\nlast\n", "first\nx\ny\nlast\n")
    assert prints("first\n…\nlast\n", "first\nlast\n")
    assert not prints("stored 3 in …\n", "stored 4 in 0.1 s\n")
    assert not prints("first\n…\nlast\n", "first\nlast\nmore\n")
