"""The models that the support agent speaks and hears with."""

from dataclasses import dataclass
from typing import Any

from livekit.agents import llm

from agent.llm.factory import language_model
from agent.llm.speech import SpeechModels, open_speech_models
from agent.settings import AgentSettings
from agent.worker_settings import RoomSettings


@dataclass(frozen=True)
class RoomModels:
    """`speech` is None where people only type."""

    language: llm.LLM[Any]
    speech: SpeechModels | None


def open_models(settings: AgentSettings, room: RoomSettings) -> RoomModels:
    speech = None
    if room.voice != "off":
        speech = open_speech_models(room, api_key=settings.openai_api_key)
    return RoomModels(language_model(settings), speech)
