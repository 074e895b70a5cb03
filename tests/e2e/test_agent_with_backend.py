"""The agent, without a room, against the real backend: embeddings, search, and its death."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from pydantic import HttpUrl

from agent.backend_client import BackendClient
from agent.chat import Chat, open_chat
from agent.settings import AgentSettings
from longroom.local_room.livekit_server import free_port
from retrieval.wire import Message
from testbed.backend_process import BackendProcess, running_backend


def _settings(url: str, data_dir: Path) -> AgentSettings:
    return AgentSettings(
        backend_url=HttpUrl(url),
        data_dir=data_dir,
        recall_timeout_s=20.0,  # the machine may be busy; what is asserted is the result
        search_timeout_s=20.0,
        outbox_retry_s=0.05,
        outbox_retry_max_s=0.2,
    )


async def _small_talk(chat: Chat, turns: int) -> None:
    for n in range(turns):
        await chat.ask(f"The weather on day {n} was cloudy with some sun.")


async def _stored(url: str, room: str) -> list[Message]:
    client = BackendClient(url)
    try:
        joined = await client.agent_joined(room, identity="t", session_id="t", window=200)
    finally:
        await client.aclose()
    return joined.window


async def test_an_order_number_is_known_sixty_turns_and_a_restart_later(
    database_url: str, tmp_path: Path
) -> None:
    with running_backend({"DATABASE_URL": database_url}, forked=True) as url:
        settings = _settings(url, tmp_path)
        async with open_chat(settings, room="den", identity="ana") as chat:
            await chat.ask("By the way, my order number is 4711-XY.")
            await _small_talk(chat, 60)
        async with open_chat(settings, room="den", identity="ana") as chat:
            trace = await chat.ask("What was my order number?")
    assert "4711-XY" in trace.answer
    assert trace.recalled.hits[0].message.participant == "ana"
    assert trace.recalled.degraded is None
    assert trace.window_messages <= 12
    assert trace.conversation_messages == 1 + 2 * 62


async def test_a_killed_backend_costs_the_turn_its_memory_and_no_message(
    database_url: str, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": database_url, "BACKEND_PORT": str(free_port())}
    with ExitStack() as processes:
        backend = processes.enter_context(BackendProcess(environment, forked=True))
        url = backend.url()
        async with open_chat(_settings(url, tmp_path), room="den", identity="ana") as chat:
            await chat.ask("The spare key hangs behind the fridge.")
            await _small_talk(chat, 10)
            backend.process.kill()
            backend.process.wait()
            lost = await chat.ask("Where does the spare key hang?")
            successor = processes.enter_context(BackendProcess(environment, forked=True))
            assert successor.url() == url
            found = await _asked_until_remembered(chat, "Where did the spare key hang?")
        stored = await _stored(url, "den")
    assert (lost.outcome, lost.recalled.degraded) == ("answered", "failed")
    assert "behind the fridge" in found
    said = [message.content for message in stored if message.role == "user"]
    assert said[:1] == ["The spare key hangs behind the fridge."]
    assert said.count("Where does the spare key hang?") == 1
    assert [message.seq for message in stored] == list(range(1, len(stored) + 1))
    assert len({message.id for message in stored}) == len(stored)


async def _asked_until_remembered(chat: Chat, question: str) -> str:
    while True:
        trace = await chat.ask(question)
        if trace.recalled.degraded is None:
            return trace.answer
        await asyncio.sleep(0.5)
