"""Plays one conversation: what libraries build on first use is then shared by forked processes."""

import asyncio
import tempfile
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livekit import api
from livekit.agents import Agent, utils
from livekit.agents.llm import LLM
from pydantic import HttpUrl

from agent.backend_client import BackendClient, open_client
from agent.conversation.resume import resume
from agent.conversation.wiring import People, build_conversation
from agent.llm.factory import language_model
from agent.messages.question import Question
from agent.recall.query import Asker
from agent.settings import AgentSettings
from agent.support.models import RoomModels
from agent.support.session import open_session
from agent.warmup.stub_server import open_stub_server
from retrieval.wire import MessageId

NAME = "warm-up"
SPEAKER = "someone"
TURNS = 3
QUESTION = "What was it that was said before?"
TIMEOUT_S = 10.0


async def warm_up(settings: AgentSettings) -> None:
    """Closes everything it opened: threads, tasks, files and connections do not fork.

    Raises OSError, TimeoutError, BackendError, or RuntimeError for an unanswered question.
    """
    async with asyncio.timeout(TIMEOUT_S), AsyncExitStack() as stack:
        url = await stack.enter_async_context(open_stub_server())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        await stack.enter_async_context(utils.http_context.open())
        await _call_livekit(url)
        settings = _stub_settings(settings, url, Path(folder))
        model = language_model(settings)
        stack.push_async_callback(model.aclose)
        client = await stack.enter_async_context(aclosing(open_client(settings)))
        await _converse(settings, client, model)


def _stub_settings(settings: AgentSettings, url: str, folder: Path) -> AgentSettings:
    has_model = settings.llm_base_url is not None or settings.openai_api_key is not None
    return settings.model_copy(
        update={
            "data_dir": folder,
            "backend_url": HttpUrl(url),
            "backend_service_key": None,  # the stub server needs no secrets
            "llm_base_url": HttpUrl(f"{url}/v1") if has_model else None,
            "openai_api_key": None,
        }
    )


async def _call_livekit(url: str) -> None:
    async with api.LiveKitAPI(url, NAME, "a secret of more than 32 characters") as livekit:
        await livekit.room.list_rooms(api.ListRoomsRequest(names=[NAME]))


async def _converse(settings: AgentSettings, client: BackendClient, model: LLM[Any]) -> None:
    resumed = await resume(client, settings, room=NAME, identity="agent", session_id=NAME)
    conversation = build_conversation(
        settings,
        client=client,
        resumed=resumed,
        # Without speech: that needs audio, and LiveKit's audio needs threads, which do not fork.
        session=open_session(RoomModels(model, None), "off"),
        people=People("agent", lambda _: Asker(SPEAKER)),
    )
    await conversation.start(Agent(instructions=settings.instructions))
    for number in range(TURNS):
        id_ = MessageId(f"question-{number}")
        result = await conversation.ask(Question(id_, SPEAKER, QUESTION, datetime.now(UTC)))
        if result.outcome != "answered":
            raise RuntimeError(f"the warm-up's question ended as {result.outcome}")
    await conversation.close()
