"""What a job needs that does not depend on its room, and can be made before there is one."""

from dataclasses import dataclass
from typing import Any

from livekit.agents import llm

from agent.backend_client import BackendClient
from agent.conversation.turn_metrics import TurnMetrics
from agent.llm.factory import language_model
from agent.llm.speech import SpeechModels, open_speech_models
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings


@dataclass(frozen=True)
class RoomModels:
    """`speech` is None in a room where people only type."""

    language: llm.LLM[Any]
    speech: SpeechModels | None


def open_models(settings: AgentSettings, worker: WorkerSettings) -> RoomModels:
    """As the settings ask; nothing is loaded or connected before it is used."""
    speech = None
    if worker.voice != "off":
        speech = open_speech_models(worker, api_key=settings.openai_api_key)
    return RoomModels(language_model(settings), speech)


@dataclass(frozen=True)
class JobDependencies:
    """The job that gets them closes `client`."""

    settings: AgentSettings
    worker: WorkerSettings
    models: RoomModels
    client: BackendClient
    report: TurnMetrics


def open_dependencies(
    settings: AgentSettings, worker: WorkerSettings, *, models: RoomModels | None = None
) -> JobDependencies:
    """As the settings ask, but for `models` if given; nothing is connected before it is used."""
    return JobDependencies(
        settings,
        worker,
        models or open_models(settings, worker),
        open_client(settings),
        TurnMetrics(),
    )


def open_client(settings: AgentSettings) -> BackendClient:
    """The backend that the settings name."""
    key = settings.backend_service_key
    return BackendClient(
        str(settings.backend_url),
        service_key=key.get_secret_value() if key else None,
        timeout_s=settings.backend_timeout_s,
    )
