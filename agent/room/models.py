"""The models that one room's agent thinks, hears and speaks with."""

from dataclasses import dataclass
from typing import Any

from livekit.agents import llm

from agent.language_model import language_model
from agent.room.speech_models import SpeechModels, open_speech_models
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
