"""An agent that another one has replaced: refused, confirmed or ended; its clock set otherwise."""

import asyncio
import dataclasses
import json
import os
import sys
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from agent.backend_client import BackendClient
from agent.conversation.resume import Resumed, resume, resumed_at_last
from agent.conversation.unanswered import find_unanswered
from agent.epoch import STOOD_STILL_S, Epoch
from agent.messages.clock import steady_s
from agent.messages.question import Question, answered_question
from agent.settings import AgentSettings
from longroom.client import BackendUnavailable, RoomMoved
from retrieval.wire import ROOM_MOVED, MessageId, Problem
from testbed.scripted_llm import ScriptedLLM
from testbed.shifted_clock import faketime_library, shifted
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend, served
from tests.support.running_agent import running_agent


class Room:
    """Whose room it is, as LiveKit would say."""

    def __init__(self) -> None:
        self.agent = ""
        self.asked = 0

    def enter(self, agent: str) -> None:
        self.agent = agent

    async def is_of(self, agent: str) -> bool:
        self.asked += 1
        return self.agent == agent


async def agent_in(
    room: Room,
    backend: FakeBackend,
    data_dir: Path,
    name: str,
    *,
    named: bool = False,
    livekit_sid: str | None = None,
) -> Resumed:
    room.enter(name)
    return await resume(
        backend.client(),
        AgentSettings(data_dir=data_dir / name, outbox_retry_s=0.01, outbox_retry_max_s=0.02),
        room="den",
        identity=name,
        session_id=name,
        conversation_id=backend.room("den") if named else None,
        livekit_sid=livekit_sid,
        has_room=lambda: room.is_of(name),
    )


async def test_a_replaced_agent_hands_in_what_it_has_accepted_and_ends(tmp_path: Path) -> None:
    backend, room = FakeBackend(), Room()
    old = await agent_in(room, backend, tmp_path, "old")
    await old.outbox.accept(message(1))
    assert await old.outbox.drain(5)
    new = await agent_in(room, backend, tmp_path, "new")
    await old.outbox.accept(message(2))
    assert await old.outbox.drain(5)
    assert (old.epoch.ended.is_set(), await old.epoch.holds()) == (True, False)
    await new.outbox.accept(message(3))
    assert await new.outbox.drain(5)
    assert await new.epoch.holds()
    # Each carries the epoch in which it was accepted: the backend marks it by that.
    assert [(m.id, m.epoch) for m in backend.stored] == [("m1", 1), ("m2", 1), ("m3", 2)]
    assert await old.outbox.dead_letters() == []
    for agent in (old, new):
        await agent.outbox.aclose()


async def test_an_agent_refused_by_mistake_joins_again_and_goes_on(tmp_path: Path) -> None:
    backend, room = FakeBackend(), Room()
    agent = await agent_in(room, backend, tmp_path, "a")
    client = backend.client()
    await client.agent_joined("den", identity="reader", session_id="reader", window=9)
    await agent.outbox.accept(message(1))
    assert await agent.outbox.drain(5)
    assert (agent.epoch.number, agent.epoch.ended.is_set()) == (3, False)
    assert [m.id for m in backend.stored] == ["m1"]
    await agent.outbox.aclose()


async def test_an_agent_that_came_while_the_backend_was_down_joins_before_it_delivers(
    tmp_path: Path,
) -> None:
    backend, room = FakeBackend(), Room()
    backend.room("den")
    backend.down = True
    agent = await agent_in(room, backend, tmp_path, "a", named=True)
    await agent.outbox.accept(message(1))
    assert agent.epoch.number is None
    backend.down = False
    assert await agent.outbox.drain(5)
    assert agent.epoch.number == 1
    assert len(backend.stored) == 1
    await agent.outbox.aclose()


def room_moved(_method: str, target: str, body: bytes) -> httpx.Response | None:
    """The answer to agents that were asked for before the room moved."""
    if not target.endswith("/agent-joined") or json.loads(body).get("asked_for") is None:
        return None
    problem = Problem(type=ROOM_MOVED, title="Conflict", status=409, detail="it has moved")
    return httpx.Response(409, content=problem.model_dump_json())


async def test_an_agent_that_was_asked_for_before_its_room_moved_does_not_open_it(
    tmp_path: Path,
) -> None:
    backend, room = FakeBackend(), Room()
    backend.refuse = room_moved
    attempts = 0

    def attempt() -> Awaitable[Resumed]:
        nonlocal attempts
        attempts += 1
        return agent_in(room, backend, tmp_path, "late", named=True, livekit_sid="RM_1")

    with pytest.raises(RoomMoved, match="it has moved"):
        await resumed_at_last(attempt)
    assert attempts == 1


async def test_an_agent_whose_room_has_moved_does_not_take_it_back(tmp_path: Path) -> None:
    backend, room = FakeBackend(), Room()
    agent = await agent_in(room, backend, tmp_path, "a", livekit_sid="RM_1")
    backend.refuse = room_moved
    client = backend.client()
    await client.agent_joined("den", identity="reader", session_id="reader", window=9)
    await agent.outbox.accept(message(1))
    assert await agent.outbox.drain(5)
    assert (agent.epoch.ended.is_set(), await agent.epoch.holds()) == (True, False)
    assert [m.id for m in backend.stored] == ["m1"]
    await agent.outbox.aclose()


async def test_a_backend_without_epochs_is_not_asked_for_them_again(tmp_path: Path) -> None:
    asked = 0

    async def join() -> None:
        nonlocal asked
        asked += 1

    async def has_room() -> bool:
        return True

    epoch = Epoch(has_room=has_room, join=join)
    for _ in range(3):
        await epoch.confirm()
    assert (asked, epoch.number, epoch.ended.is_set()) == (1, None, False)


async def test_only_an_agent_that_stood_still_asks_before_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    room.enter("new")
    loop = asyncio.get_running_loop()
    epoch = Epoch(1, has_room=lambda: room.is_of("old"), join=lambda: asyncio.sleep(0, 2))
    assert await epoch.holds()
    assert room.asked == 0
    before = loop.time()
    monkeypatch.setattr(loop, "time", lambda: before + 2 * STOOD_STILL_S)
    assert not await epoch.holds()
    assert room.asked == 1


async def test_who_waits_for_whose_room_it_is_goes_on_in_order() -> None:
    told = asyncio.Event()

    async def has_room() -> bool:
        await told.wait()
        return True

    epoch = Epoch(1, has_room=has_room, join=lambda: asyncio.sleep(0, 1))
    went_on: list[int] = []

    async def accept(number: int) -> None:
        await epoch.holds()
        went_on.append(number)

    stand_still()
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(accept(number))
            await asyncio.sleep(0)
        told.set()
        await asyncio.sleep(0)
        group.create_task(accept(4))
    assert went_on == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("spoken", [False, True])
async def test_an_agent_that_stood_still_accepts_nothing_typed_that_its_successor_may_have(
    tmp_path: Path, spoken: bool
) -> None:
    backend, room = FakeBackend(), Room()
    room.enter("old")
    question = Question(MessageId("q"), "ana", "Hello?", datetime.now(UTC), spoken)
    model = ScriptedLLM(lambda _: "not asked")
    async with running_agent(backend, model, tmp_path, has_room=lambda: room.is_of("old")) as old:
        room.enter("new")
        stand_still()
        assert await old.conversation_agent.accept(question) is spoken
        assert await old.outbox.drain(5)
    assert [m.id for m in backend.stored] == (["q"] if spoken else [])


async def test_an_agent_that_stood_still_and_has_the_room_accepts(tmp_path: Path) -> None:
    backend, room = FakeBackend(), Room()
    room.enter("a")
    model = ScriptedLLM(lambda _: "not asked")
    async with running_agent(backend, model, tmp_path, has_room=lambda: room.is_of("a")) as agent:
        stand_still()
        asked = Question(MessageId("q"), "ana", "Hello?", datetime.now(UTC))
        assert await agent.conversation_agent.accept(asked)
    assert room.asked


def stand_still() -> None:
    """As a stopped process does."""
    time.sleep(1.1 * STOOD_STILL_S)


async def test_in_doubt_an_agent_goes_on_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_told() -> bool:
        raise BackendUnavailable("LiveKit: unavailable")

    loop = asyncio.get_running_loop()
    epoch = Epoch(1, has_room=not_told, join=lambda: asyncio.sleep(0, 2))
    before = loop.time()
    monkeypatch.setattr(loop, "time", lambda: before + 2 * STOOD_STILL_S)
    assert await epoch.holds()


def test_a_late_answer_tells_its_question() -> None:
    assert answered_question("q.answer1.late") == answered_question("q.answer1") == "q"
    assert answered_question("q.late") is None


SHIFTED = """
import asyncio, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from agent.backend_client import BackendClient
from agent.conversation.resume import resume
from agent.settings import AgentSettings
from retrieval.wire import MessageCreate

async def main(url, data_dir):
    client = BackendClient(url)
    settings = AgentSettings(data_dir=Path(data_dir))
    agent = await resume(client, settings, room="den", identity="a", session_id="s")
    said = datetime.now(UTC)
    await agent.outbox.accept(
        MessageCreate(id="q", role="user", participant="ana", content="hi", created_at=said)
    )
    assert await agent.outbox.drain(20)
    await agent.outbox.aclose()
    print(said.isoformat())

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("shift_h", [-5, 7])
async def test_an_agent_whose_clock_is_off_stamps_what_it_hears_with_the_shared_time(
    tmp_path: Path, shift_h: int
) -> None:
    library = faketime_library()
    if library is None:
        pytest.skip("needs faketime (apt-get install faketime)")
    backend = FakeBackend()
    async with served(backend) as url:
        client = BackendClient(url)
        joined = await client.agent_joined("den", identity="x", session_id="x", window=0)
        earlier = message(1).model_copy(update={"created_at": datetime.now(UTC)})
        await client.append_messages(joined.conversation_id, [earlier])
        await client.aclose()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SHIFTED, url, str(tmp_path)),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **shifted(library, by_s=3600 * shift_h)},
        )
        out, _ = await process.communicate()
    assert process.returncode == 0
    own = datetime.fromisoformat(out.decode().strip())
    kept = {str(m.id): m.created_at for m in backend.stored}
    assert kept["m1"] <= kept["q"] <= datetime.now(UTC)
    assert abs(own - kept["q"]) > timedelta(hours=abs(shift_h) - 1)


@pytest.mark.parametrize("read_at_s", [0, 4])
async def test_an_agent_that_the_backend_answered_slowly_moves_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_at_s: int
) -> None:
    backend, room = FakeBackend(), Room()
    backend.time_is_off = timedelta(seconds=read_at_s - 4)
    answer_after(monkeypatch, 4)
    slow = await agent_in(room, backend, tmp_path, "slow")
    backend.time_is_off = timedelta()
    await hear(slow, "m1")
    quick = await agent_in(room, backend, tmp_path, "quick")
    await hear(quick, "m2")
    assert [m.id for m in sorted(backend.stored, key=lambda m: m.created_at)] == ["m1", "m2"]
    for agent in (slow, quick):
        await agent.outbox.aclose()


async def test_a_slow_answer_is_asked_again_so_that_a_wrong_clock_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, room = FakeBackend(), Room()
    backend.time_is_off = timedelta(seconds=-6)
    answer_after(monkeypatch, 9)
    agent = await agent_in(room, backend, tmp_path, "a")
    assert timedelta(seconds=5) < agent.clock.off < timedelta(seconds=10)
    assert agent.epoch.number == 1
    await agent.outbox.aclose()


@pytest.mark.parametrize("delivered", [True, False])
async def test_an_agent_says_nothing_before_what_another_one_has_heard(
    tmp_path: Path, delivered: bool
) -> None:
    backend, room = FakeBackend(), Room()
    ahead = message(1).model_copy(update={"created_at": datetime.now(UTC) + timedelta(seconds=9)})
    if delivered:
        client = backend.client()
        await client.append_messages(backend.room("den"), [ahead])
        await client.aclose()
    else:
        backend.refuse = lambda _, target, __: (
            httpx.Response(503) if target.endswith("/messages") else None
        )
        earlier = await agent_in(room, backend, tmp_path, "a")
        await earlier.outbox.accept(ahead)
        await earlier.outbox.aclose()
    agent = await agent_in(room, backend, tmp_path, "a")
    backend.refuse = lambda *_: None
    await hear(agent, "m2")
    assert [m.id for m in backend.stored] == ["m1", "m2"]
    assert backend.stored[0].created_at <= backend.stored[1].created_at
    await agent.outbox.aclose()


def answer_after(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The first request for the backend's time seems to have taken so long."""
    earlier = [seconds]
    monkeypatch.setattr(
        "agent.conversation.joining.steady_s",
        lambda: steady_s() - (earlier.pop() if earlier else 0),
    )


async def hear(agent: Resumed, id_: str) -> None:
    """And deliver."""
    said = message(1).model_copy(update={"id": id_, "created_at": datetime.now(UTC)})
    await agent.outbox.accept(said)
    assert await agent.outbox.drain(5)


async def test_an_answer_that_arrived_late_is_shown_once_to_who_finds_it_on_disk(
    tmp_path: Path,
) -> None:
    backend, room = FakeBackend(), Room()
    answer = message(1, "said", role="assistant").model_copy(update={"id": "q.answer1"})
    client = backend.client()
    late = answer.model_copy(update={"id": "q.answer1.late"})
    question = message(0, "asked").model_copy(update={"id": "q"})
    await client.append_messages(backend.room("den"), [question, late])
    backend.refuse = lambda _, target, __: (
        httpx.Response(503) if target.endswith("/messages") else None
    )
    agent = await agent_in(room, backend, tmp_path, "a")
    await agent.outbox.accept(answer)
    await agent.outbox.aclose()
    again = await agent_in(room, backend, tmp_path, "a")
    assert [m.content for m in again.window] == ["asked", "said"]
    await again.outbox.aclose()
    # Found on disk, delivered since, and stored as late.
    backend.refuse = lambda *_: None
    elsewhere = await agent_in(room, backend, tmp_path, "b")
    found = dataclasses.replace(elsewhere, window=[question, answer])
    told = await find_unanswered(client, found, window=2, now=answer.created_at)
    assert [m.content for m in told.resumed.window] == ["asked", "said"]
    await elsewhere.outbox.aclose()
    await client.aclose()
