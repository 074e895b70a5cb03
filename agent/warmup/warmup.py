"""Plays one conversation: what libraries build on first use is then shared by forked processes."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from livekit import api
from livekit.agents import utils
from pydantic import HttpUrl

from agent.conversation.resume import resume
from agent.conversation.wiring import People, build_agent
from agent.messages.question import Question
from agent.recall.query import Asker
from agent.room.dependencies import JobDependencies, RoomModels, open_dependencies
from agent.room.session import open_session
from agent.settings import AgentSettings
from agent.warmup.stub_server import open_stub_server
from agent.worker_settings import WorkerSettings
from retrieval.wire import MessageId

NAME = "warm-up"
SPEAKER = "someone"
TURNS = 3
QUESTION = "What was it that was said before?"
TIMEOUT_S = 10.0


async def warm_up(settings: AgentSettings, worker: WorkerSettings) -> None:
    """Closes everything it opened: threads, tasks, files and connections do not fork.

    Raises OSError, TimeoutError, BackendError, or RuntimeError for an unanswered question.
    """
    async with asyncio.timeout(TIMEOUT_S), AsyncExitStack() as stack:
        url = await stack.enter_async_context(open_stub_server())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        await stack.enter_async_context(utils.http_context.open())
        await _call_livekit(url)
        dependencies = open_dependencies(_stub_settings(settings, url, Path(folder)), worker)
        stack.push_async_callback(dependencies.client.aclose)
        stack.push_async_callback(dependencies.models.language.aclose)
        await _converse(dependencies)


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


async def _converse(dependencies: JobDependencies) -> None:
    resumed = await resume(
        dependencies.client,
        dependencies.settings,
        room=NAME,
        identity="agent",
        session_id=NAME,
        outbox_metrics=dependencies.outbox_metrics,
    )
    agent = build_agent(
        dependencies.settings,
        client=dependencies.client,
        resumed=resumed,
        # Without speech: that needs audio, and LiveKit's audio needs threads, which do not fork.
        session=open_session(RoomModels(dependencies.models.language, None), "off"),
        people=People("agent", lambda _: Asker(SPEAKER), lambda: False),
    )
    await agent.session.start(agent.agent)
    for number in range(TURNS):
        id_ = MessageId(f"question-{number}")
        trace = await agent.ask(Question(id_, SPEAKER, QUESTION, datetime.now(UTC)))
        if trace.outcome != "answered":
            raise RuntimeError(f"the warm-up's question ended as {trace.outcome}")
    await agent.close()
