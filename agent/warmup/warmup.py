"""One conversation played to the end, so that libraries have built what they build on first use."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from livekit import api
from livekit.agents import utils
from pydantic import HttpUrl

from agent.conversation.conversation_agent import ConversationAgent, People
from agent.conversation.resume import resume
from agent.messages.question import Question
from agent.recall.query import Asker
from agent.room.dependencies import JobDependencies, RoomModels, open_dependencies
from agent.room.session import speaking_session
from agent.settings import AgentSettings
from agent.warmup.stub_server import open_stub_server
from agent.worker_settings import WorkerSettings
from retrieval.wire import MessageId

TURNS = 3
QUESTION = "What was it that was said before?"
TIMEOUT_S = 10.0


async def warm_up(settings: AgentSettings, worker: WorkerSettings) -> None:
    """All of it is closed on return: no thread, no task, no file, no connection is left.

    Raises OSError, TimeoutError, BackendError, or RuntimeError for a question without an answer.
    """
    async with asyncio.timeout(TIMEOUT_S), AsyncExitStack() as stack:
        url = await stack.enter_async_context(open_stub_server())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        played = _on_stage(settings, url, Path(folder))
        await stack.enter_async_context(utils.http_context.open())
        await _ask_livekit(url)
        parts = open_dependencies(played, worker)
        stack.push_async_callback(parts.client.aclose)
        stack.push_async_callback(parts.models.language.aclose)
        await _talk(parts)


def _on_stage(settings: AgentSettings, url: str, folder: Path) -> AgentSettings:
    """The same agent, whose every request stays in this process, and without its secrets."""
    has_model = settings.llm_base_url is not None or settings.openai_api_key is not None
    return settings.model_copy(
        update={
            "data_dir": folder,
            "backend_url": HttpUrl(url),
            "backend_service_key": None,
            "llm_base_url": HttpUrl(f"{url}/v1") if has_model else None,
            "openai_api_key": None,
        }
    )


async def _ask_livekit(url: str) -> None:
    async with api.LiveKitAPI(url, "rehearsal", "a secret of more than 32 characters") as livekit:
        await livekit.room.list_rooms(api.ListRoomsRequest(names=["rehearsal"]))


async def _talk(parts: JobDependencies) -> None:
    resumed = await resume(
        parts.client, parts.settings, room="rehearsal", identity="agent", session_id="rehearsal"
    )
    agent = ConversationAgent(
        parts.settings,
        client=parts.client,
        resumed=resumed,
        # Without speech: that needs audio, and LiveKit's audio needs threads, which do not fork.
        session=speaking_session(RoomModels(parts.models.language, None), "off"),
        people=People("agent", lambda _: Asker("somebody"), lambda: False),
    )
    await agent.session.start(agent.agent)
    for number in range(TURNS):
        id_ = MessageId(f"question-{number}")
        trace = await agent.ask(Question(id_, "somebody", QUESTION, datetime.now(UTC)))
        if trace.outcome != "answered":
            raise RuntimeError(f"the rehearsal's question ended as {trace.outcome}")
    await agent.close()
