"""The guide for who has LiveKit rooms, typed as it stands, on ports and a folder of this test."""

import asyncio
import json
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from longroom.local_room.livekit_server import free_port
from testbed.livekit_server import LiveKitServer
from testbed.program import Program
from testbed.room_user import RoomUser
from tests.support.room_fixtures import running_livekit

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "livekit-rooms.md").read_text("utf-8")
READY = {"backend": "ready ", "worker": "registered worker"}
FACT = "My parcel number is PW-20388."
QUESTION = "What is my parcel number?"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


class Reader:
    """Who follows the guide, with settings of their own."""

    def __init__(self, livekit: LiveKitServer, database: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        named = re.findall(r"^export (\w+)=", blocks("sh settings")[0], re.MULTILINE)
        assert set(named) == set(livekit.environment)
        self.env = {
            **livekit.environment,
            "DATABASE_URL": database,
            "BACKEND_URL": self.url,
            "BACKEND_PORT": self.url.rpartition(":")[2],
            "AGENT_HEALTH_PORT": "0",
            "AGENT_IDLE_PROCESSES": "1",
            "AGENT_RECALL_TIMEOUT_S": "5",
            "AGENT_SEARCH_TIMEOUT_S": "5",
        }

    def answer(self, command: str) -> Any:
        typed = command.replace("http://127.0.0.1:8000", self.url)
        done = subprocess.run(["bash", "-ec", typed], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def running(self, command: str, log: Path) -> Iterator[None]:
        program, *arguments = shlex.split(command)
        assert program == ".venv/bin/longroom"
        started = Program(["longroom", *arguments], env=self.env, log=log)
        started.start(until=READY[arguments[0]])
        try:
            yield
        finally:
            started.kill()


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    """One of its own: on the others' server, other workers have the guide's agent's name."""
    with running_livekit(tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader(
    livekit: LiveKitServer, database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Reader]:
    folder = tmp_path_factory.mktemp("guide")
    following = Reader(livekit, database)
    following.env["LONGROOM_DATA_DIR"] = str(folder)
    with ExitStack() as programs:
        for command in blocks("sh runs"):
            running = following.running(command, folder / f"{shlex.split(command)[1]}.log")
            await asyncio.to_thread(programs.enter_context, running)
        yield following


async def told_and_asked(url: str, token: str, *said: str) -> str:
    """What the agent answers to the last of what is said."""
    user = RoomUser("ada")
    await user.connect_with(url, token)
    try:
        await user.agent_is_there()
        answer = ""
        for text in said:
            turn = await user.ask(text)
            assert turn.outcome == "answered"
            answer = turn.text
        return answer
    finally:
        await user.leave()


async def test_a_room_is_opened_and_remembers(reader: Reader) -> None:
    (shown,) = blocks("json")
    opening = blocks("sh")[0]
    opened = await asyncio.to_thread(reader.answer, opening)
    assert opened.keys() == json.loads(shown).keys()
    assert (opened["created"], opened["dispatched"]) == (True, True)
    answer = await told_and_asked(opened["livekit_url"], opened["token"], FACT, QUESTION)
    assert "PW-20388" in answer

    listed = await asyncio.to_thread(reader.answer, blocks("sh")[-1])
    assert [room["room"] for room in listed["rooms"]] == ["support-1"]


async def test_rooms_of_a_key_share_a_memory_whoever_opens_them(
    reader: Reader, tmp_path: Path
) -> None:
    opened = await asyncio.to_thread(reader.answer, blocks("sh")[1])
    await told_and_asked(opened["livekit_url"], opened["token"], FACT)

    (program,) = blocks("python")
    (tmp_path / "join.py").write_text(program, "utf-8")
    printed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(tmp_path / "join.py")],
        env=reader.env,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = await told_and_asked(opened["livekit_url"], printed.stdout.strip(), QUESTION)
    assert "PW-20388" in answer
