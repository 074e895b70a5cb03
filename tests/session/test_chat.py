"""The chat without a room: greeting, resuming, streaming, searching, and its imports."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.chat import ConversationErased, open_chat
from agent.errors import OutboxUnwritable
from agent.settings import AgentSettings
from longroom.client import BackendUnavailable
from retrieval.wire import Message
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import holds
from tests.support.running_agent import remember


def _settings(data_dir: Path, **values: Any) -> AgentSettings:
    return AgentSettings(data_dir=data_dir, **values)


async def test_a_fact_is_known_after_sixty_turns_and_a_restart(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    settings = _settings(tmp_path)
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        await chat.ask("My order number is 4711-XY.")
        for n in range(60):
            await chat.ask(f"Let us talk about topic {n} now.")
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        pieces: list[str] = []
        trace = await chat.ask("What was my order number?", pieces.append)
        assert "4711-XY" in trace.answer
        assert "".join(pieces) == trace.answer
        assert len(pieces) > 5
        assert trace.recalled.source == "fresh"
        assert trace.window_messages <= 12
        assert trace.conversation_messages == 1 + 2 * 62
    await client.aclose()


async def test_a_new_room_is_greeted_once_and_a_running_one_is_not(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    settings = _settings(tmp_path)
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        assert chat.opening == settings.greeting
        assert [message.text for message in chat.window()] == [settings.greeting]
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        assert chat.opening == ""
    assert [message.content for message in backend.stored] == [settings.greeting]
    await client.aclose()


async def test_after_an_absence_the_user_is_welcomed_back(tmp_path: Path) -> None:
    backend = FakeBackend()
    long_ago = datetime.now(UTC) - timedelta(hours=7)
    await remember(backend, "Bye for now.")
    backend.messages[backend.room()] = [
        message.model_copy(update={"created_at": long_ago}) for message in backend.stored
    ]
    client = backend.client()
    settings = _settings(tmp_path)
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        assert chat.opening == settings.welcome_back
    await client.aclose()


async def test_the_window_is_restored_before_the_first_turn(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, *[f"said {n}" for n in range(30)])
    client = backend.client()
    settings = _settings(tmp_path, rolling_window_messages=5, welcome_back="")
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        assert [message.text for message in chat.window()] == [f"said {n}" for n in range(25, 30)]
    await client.aclose()


async def test_what_a_killed_chat_had_not_delivered_is_in_the_window(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    settings = _settings(tmp_path, greeting="", drain_timeout_s=0, outbox_retry_max_s=0.01)
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        backend.refuse = lambda _, target, __: _unavailable() if "/messages" in target else None
        await chat.ask("My order number is 4711.")
    assert backend.stored == []
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        assert chat.window()[0].text == "My order number is 4711."
        assert "4711" in (await chat.ask("What is my order number?")).answer
        backend.refuse = lambda *_: None
        assert "4711" in (await chat.ask("And what was my order number?")).answer
    last_chance = _settings(tmp_path)
    async with open_chat(last_chance, room="den", identity="ana", client=client):
        pass
    assert _texts(backend.stored)[:2] == [
        "My order number is 4711.",
        "Noted. Ask me about it whenever you like.",
    ]
    assert len(backend.stored) == 6
    await client.aclose()


async def test_others_are_told_once_and_ones_own_messages_never(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, "Said before.")
    client = backend.client()
    async with open_chat(_settings(tmp_path), room="den", identity="ana", client=client) as chat:
        await remember(backend, "The tin is blue.", participant="eve")
        await chat.ask("Where is the key?")
        await chat.ask("And the tin?")
    assert len(backend.stored) == 7
    assert _texts(await chat.others_messages()) == ["The tin is blue."]
    assert await chat.others_messages() == []
    await client.aclose()


async def test_of_very_many_messages_of_others_the_newest_are_told(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    async with open_chat(_settings(tmp_path), room="den", identity="ana", client=client) as chat:
        await remember(backend, *(f"said {n}" for n in range(120)), participant="eve")
        assert _texts(await chat.others_messages()) == [f"said {n}" for n in range(70, 120)]
        assert await chat.others_messages() == []
    await client.aclose()


async def test_what_an_earlier_chat_left_in_the_outbox_is_not_told_as_anothers(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    client = backend.client()
    away = _settings(tmp_path, greeting="", drain_timeout_s=0, outbox_retry_max_s=0.01)
    async with open_chat(away, room="den", identity="ana", client=client) as chat:
        backend.refuse = lambda _, target, __: _unavailable() if "/messages" in target else None
        await chat.ask("My order number is 4711.")
    async with open_chat(_settings(tmp_path), room="den", identity="ana", client=client) as chat:
        backend.refuse = lambda *_: None
    assert len(backend.stored) == 2
    assert await chat.others_messages() == []
    await client.aclose()


async def test_searching_from_the_chat_explains_itself(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, "The spare key hangs behind the fridge.")
    client = backend.client()
    async with open_chat(_settings(tmp_path), room="den", identity="ana", client=client) as chat:
        found = await chat.search("spare key")
    assert [hit.message.content for hit in found.hits] == ["The spare key hangs behind the fridge."]
    assert backend.searches[0].explain
    await client.aclose()


async def test_a_backend_that_is_not_there_is_told(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    client = backend.client()
    with pytest.raises(BackendUnavailable, match="503"):
        async with open_chat(_settings(tmp_path), room="den", identity="ana", client=client):
            pass
    await client.aclose()


async def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("in the way")
    client = FakeBackend().client()
    with pytest.raises(OutboxUnwritable, match=str(tmp_path)):
        async with open_chat(_settings(tmp_path), room="den", identity="ana", client=client):
            pass
    await client.aclose()


async def test_the_session_is_summed_up(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    async with open_chat(_settings(tmp_path), room="den", identity="ana", client=client) as chat:
        await chat.ask("The lift is stuck.")
    (summary,) = backend.sessions.values()
    assert summary.message_count == 3
    assert set(summary.participants) == {"ana", "longroom"}
    assert summary.close_reason == "user_initiated"
    assert summary.ended_at is not None
    metrics = [event.data for event in backend.recorded if event.kind == "metric"]
    assert [m["outcome"] for m in metrics] == ["answered"]
    await client.aclose()


def test_the_agent_imports_no_model_runtime_and_no_database_driver() -> None:
    heavy = {"torch", "onnxruntime", "asyncpg", "fastapi", "sentence_transformers"}
    code = f"import sys, agent.chat; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _unavailable() -> httpx.Response:
    return httpx.Response(503)


def _texts(messages: list[Message]) -> list[str]:
    return [message.content for message in messages]


async def test_a_chat_ends_when_its_conversation_was_erased(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    settings = _settings(tmp_path)
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        await chat.ask("My locker code is canary-7361.")
        chat.typed_lines().write_text("My locker code is canary-7361.\n")
        erased = backend.room()
        backend.erase_conversation(erased)
        with pytest.raises(ConversationErased):
            await chat.ask("What is my locker code?")
    assert holds(tmp_path, "canary-7361") == []
    async with open_chat(settings, room="den", identity="ana", client=client) as chat:
        assert backend.room() != erased
        assert "canary-7361" not in (await chat.ask("What is my locker code?")).answer
    await client.aclose()


async def test_others_are_told_once_also_where_messages_were_erased(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    await remember(backend, *[f"said {n}" for n in range(60)])
    for message in backend.stored[10:40]:
        backend.erase_message(backend.room(), message.id)
    async with open_chat(_settings(tmp_path), room="den", identity="ben", client=client) as chat:
        assert await chat.others_messages() == []
        await remember(backend, "The tin is blue.")
        assert _texts(await chat.others_messages()) == ["The tin is blue."]
    await client.aclose()
