"""What a job needs independent of its room: it can be built before there is one."""

from dataclasses import dataclass
from typing import Any

from livekit.agents import llm

from agent.backend_client import BackendClient, open_client
from agent.conversation.turn_metrics import TurnMetrics
from agent.llm.factory import language_model
from agent.llm.speech import SpeechModels, open_speech_models
from agent.outbox.metrics import OutboxMetrics
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings


@dataclass(frozen=True)
class RoomModels:
    """`speech` is None where people only type."""

    language: llm.LLM[Any]
    speech: SpeechModels | None


def open_models(settings: AgentSettings, worker: WorkerSettings) -> RoomModels:
    speech = None
    if worker.voice != "off":
        speech = open_speech_models(worker, api_key=settings.openai_api_key)
    return RoomModels(language_model(settings), speech)


@dataclass(frozen=True)
class JobDependencies:
    """The job closes `client`."""

    settings: AgentSettings
    worker: WorkerSettings
    models: RoomModels
    client: BackendClient
    metrics: TurnMetrics
    outbox_metrics: OutboxMetrics


def open_dependencies(
    settings: AgentSettings, worker: WorkerSettings, *, models: RoomModels | None = None
) -> JobDependencies:
    """Connects to nothing before use."""
    return JobDependencies(
        settings,
        worker,
        models or open_models(settings, worker),
        open_client(settings),
        TurnMetrics(),
        OutboxMetrics(),
    )
