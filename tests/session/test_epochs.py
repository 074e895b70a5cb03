"""An agent that another one has replaced: refused, confirmed or ended; its clock set otherwise."""

import asyncio
import dataclasses
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from agent.backend_client import BackendClient
from agent.conversation.resume import Resumed, resume
from agent.conversation.unanswered import find_unanswered
from agent.epoch import STOOD_STILL_S, Epoch
from agent.messages.clock import Clock
from agent.messages.question import answered_question
from agent.settings import AgentSettings
from longroom.client import BackendUnavailable
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend, served


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
    room: Room, backend: FakeBackend, data_dir: Path, name: str, *, named: bool = False
) -> Resumed:
    room.enter(name)
    return await resume(
        backend.client(),
        AgentSettings(data_dir=data_dir / name, outbox_retry_s=0.01, outbox_retry_max_s=0.02),
        room="den",
        identity=name,
        session_id=name,
        conversation_id=backend.room("den") if named else None,
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


def test_a_clock_is_corrected_only_if_it_is_clearly_off() -> None:
    said = datetime.now(UTC)
    assert Clock().corrected(said) == said
    assert Clock(datetime.now(UTC), asked_at=0, told_at=0).corrected(said) != said


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
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("needs faketime (apt-get install faketime)")
    backend = FakeBackend()
    async with served(backend) as url:
        client = BackendClient(url)
        joined = await client.agent_joined("den", identity="x", session_id="x", window=0)
        earlier = message(1).model_copy(update={"created_at": datetime.now(UTC)})
        await client.append_messages(joined.conversation_id, [earlier])
        await client.aclose()
        process = await asyncio.create_subprocess_exec(
            *(faketime, "-f", f"{shift_h:+d}h", sys.executable, "-c", SHIFTED, url, str(tmp_path)),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    assert process.returncode == 0
    own = datetime.fromisoformat(out.decode().strip())
    kept = {str(m.id): m.created_at for m in backend.stored}
    assert kept["m1"] <= kept["q"] <= datetime.now(UTC)
    assert abs(own - kept["q"]) > timedelta(hours=abs(shift_h) - 1)


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
