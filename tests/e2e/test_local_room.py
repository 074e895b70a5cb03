"""`longroom run`: everything for a room in the browser, and its end."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from testbed.cluster_folder import cluster_folder
from testbed.livekit_server import HOW_TO_GET, find_binary
from testbed.program import Program
from testbed.room_user import RoomUser
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.timeout(240)
ADDRESS = re.compile(r"room: +(http://127\.0\.0\.1:\d+)(/room/\S+)")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with cluster_folder() as folder:
        yield folder


@pytest.fixture
def key() -> str:
    """Empty: the backend is open."""
    return ""


@pytest.fixture
def program(data_dir: Path, tmp_path: Path, key: str) -> Iterator[Program]:
    binary = find_binary()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail(HOW_TO_GET)
        pytest.skip(HOW_TO_GET)
    env = {
        "LONGROOM_DATA_DIR": str(data_dir),
        "LIVEKIT_SERVER_BIN": str(binary),
        "AGENT_RECALL_TIMEOUT_S": "5",
        "AGENT_IDLE_PROCESSES": "1",
        **({"BACKEND_SERVICE_KEY": key} if key else {}),
    }
    running = Program(["longroom", "run", "--no-browser"], env=env, log=tmp_path / "run.log")
    running.start(until="Ctrl-C ends it", timeout_s=180)
    yield running
    running.kill()


def children(program: Program) -> list[psutil.Process]:
    return psutil.Process(program.process.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    return not [one for one in processes if one.is_running() and one.status() != "zombie"]


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


async def answer(address: str, page: str, question: str) -> str:
    """As the page in a browser gets it."""
    headers = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(base_url=address + page, headers=headers, timeout=30) as http:
        joined = await http.post("/session", json={"name": "Visitor"})
        csrf = {"X-Longroom-CSRF": joined.json()["csrf"]}
        token = (await http.post("/token", headers=csrf)).json()
    visitor = RoomUser("Visitor")
    await visitor.connect_with(token["url"], token["token"])
    await visitor.agent_is_there()
    turn = await visitor.ask(question)
    await visitor.leave()
    return turn.text


def test_one_command_brings_a_room_that_answers_and_ctrl_c_ends_all_of_it(
    program: Program,
) -> None:
    found = ADDRESS.search(program.output)
    assert found is not None
    assert found[2] == "/room/demo"
    assert f"{found[1]}/inspect" in program.output
    said = asyncio.run(answer(found[1], found[2], "Who is allergic to hazelnuts?"))
    assert "hazelnut" in said.lower()

    started = children(program)
    program.process.send_signal(signal.SIGINT)
    assert program.wait(60) == 0
    assert wait_until(lambda: gone(started))
    assert "Traceback" not in program.output


def join(address: str, page: str, invitation: str) -> httpx.Response:
    return httpx.post(
        f"{address}{page}/session",
        json={"name": "Visitor", "invitation": invitation},
        headers={"Origin": address, "Sec-Fetch-Site": "same-origin"},
        timeout=30,
    )


@pytest.mark.parametrize("key", ["a service key for this test"])
def test_with_a_key_the_address_is_an_invitation(program: Program) -> None:
    found = ADDRESS.search(program.output)
    assert found is not None
    page, _, secret = found[2].partition("#invitation=")

    assert join(found[1], page, "").status_code == 403
    assert join(found[1], page, secret).status_code == 201


def test_what_it_started_ends_with_it_by_kill_9_too(program: Program) -> None:
    started = children(program)
    assert len(started) >= 3
    program.kill()
    assert wait_until(lambda: gone(started))


def test_a_part_that_dies_ends_the_rest_and_is_named(program: Program) -> None:
    started = children(program)
    server = next(one for one in started if "livekit" in Path(one.exe()).name)
    server.kill()
    assert program.wait(60) == 1
    assert "the LiveKit server has ended" in program.output
    assert wait_until(lambda: gone(started))


def test_without_a_livekit_server_it_says_how_to_get_one(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)}
    done = CommandLine(tmp_path, env).run("run", "--no-browser")

    assert done.returncode == 2
    assert "deploy/livekit-server.sh" in done.stderr
    assert "LIVEKIT_URL" in done.stderr


def test_a_server_that_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    env = {"LIVEKIT_SERVER_BIN": str(tmp_path / "nothing")}
    done = CommandLine(tmp_path, env).run("run", "--no-browser")

    assert done.returncode == 2
    assert "LIVEKIT_SERVER_BIN" in done.stderr
