"""The session that answers in a support room, one kind for each voice mode."""

from collections.abc import Callable, Mapping
from typing import Any

from livekit.agents import AgentSession, llm

from agent.llm.speech import SpeechModels
from agent.support.models import RoomModels
from agent.worker_settings import Voice

LINKED = "linked"
"""Stands for the linked participant: in that mode one transcriber hears them in turn."""


def open_session(models: RoomModels, voice: Voice) -> AgentSession[Any]:
    """Not started. Without speech models it is text only in any voice mode."""
    if models.speech is None:
        return text_session(models.language)
    return _SESSIONS[voice](models.language, models.speech)


# Each part is given explicitly: LiveKit's default session loads a 250 MB end-of-turn model.
def text_session(language: llm.LLM[Any]) -> AgentSession[Any]:
    return AgentSession(
        llm=language,
        vad=None,
        turn_handling={"turn_detection": "manual"},
        user_away_timeout=None,
    )


def _speaking_session(language: llm.LLM[Any], speech: SpeechModels) -> AgentSession[Any]:
    return AgentSession(
        llm=language,
        tts=speech.voice,
        vad=None,
        turn_handling={"turn_detection": "manual"},
        user_away_timeout=None,
    )


def _conversing_session(language: llm.LLM[Any], speech: SpeechModels) -> AgentSession[Any]:
    return AgentSession(
        llm=language,
        stt=speech.input.open_stt(LINKED),
        tts=speech.voice,
        vad=speech.input.vad,
        turn_handling={"turn_detection": speech.input.turn_detection},
    )


_SESSIONS: Mapping[Voice, Callable[[llm.LLM[Any], SpeechModels], AgentSession[Any]]] = {
    "off": lambda language, _: text_session(language),
    "everyone": _speaking_session,
    "linked": _conversing_session,
}
