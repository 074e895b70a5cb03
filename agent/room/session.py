"""The session that answers in a room, one kind for each voice mode."""

from collections.abc import Callable, Mapping
from typing import Any

from livekit.agents import llm, room_io
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.conversation.bounded_session import BoundedSession
from agent.llm.speech import SpeechModels
from agent.room.dependencies import RoomModels
from agent.worker_settings import Voice

LINKED = "linked"
"""Stands for the linked participant: in that mode one transcriber hears them in turn."""

# A model that is down fails turns, one by one. LiveKit's default of three in a row would end the
# session, and leave the room without its agent when the model is back.
NEVER_GIVE_UP = SessionConnectOptions(max_unrecoverable_errors=1_000_000_000)


def open_session(models: RoomModels, voice: Voice) -> BoundedSession:
    """Not started. Without speech models it is text only in any voice mode."""
    if models.speech is None:
        return _text_session(models.language)
    return _SESSIONS[voice](models.language, models.speech)


# Each part is given explicitly: LiveKit's default session loads a 250 MB end-of-turn model.
def _text_session(language: llm.LLM[Any]) -> BoundedSession:
    return BoundedSession(
        llm=language,
        vad=None,
        turn_handling={"turn_detection": "manual"},
        conn_options=NEVER_GIVE_UP,
        user_away_timeout=None,
    )


def _speaking_session(language: llm.LLM[Any], speech: SpeechModels) -> BoundedSession:
    return BoundedSession(
        llm=language,
        tts=speech.voice,
        vad=None,
        turn_handling={"turn_detection": "manual"},
        conn_options=NEVER_GIVE_UP,
        user_away_timeout=None,
    )


def _conversing_session(language: llm.LLM[Any], speech: SpeechModels) -> BoundedSession:
    return BoundedSession(
        llm=language,
        stt=speech.input.open_stt(LINKED),
        tts=speech.voice,
        vad=speech.input.vad,
        turn_handling={"turn_detection": speech.input.turn_detection},
        conn_options=NEVER_GIVE_UP,
    )


_SESSIONS: Mapping[Voice, Callable[[llm.LLM[Any], SpeechModels], BoundedSession]] = {
    "off": lambda language, _: _text_session(language),
    "everyone": _speaking_session,
    "linked": _conversing_session,
}


def room_options(voice: Voice) -> room_io.RoomOptions:
    """TextInput reads text; the session outlives its linked participant."""
    return room_io.RoomOptions(
        text_input=False,
        audio_input=voice == "linked",
        audio_output=voice != "off",
        close_on_disconnect=False,
    )
