"""The session that speaks in a room, and whether it listens as well."""

from livekit.agents import room_io
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.conversation.bounded_session import BoundedSession
from agent.room.dependencies import RoomModels
from agent.worker_settings import Voice

LINKED = "linked"
"""Whoever is linked: the one transcriber of that mode hears several identities in turn."""

# A model that is down fails turns, one by one. LiveKit's default of three in a row would end the
# session, and leave the room without its agent when the model is back.
NEVER_GIVE_UP = SessionConnectOptions(max_unrecoverable_errors=1_000_000_000)


def speaking_session(models: RoomModels, voice: Voice) -> BoundedSession:
    """The default session would load 250 MB of end-of-turn model: each part is given."""
    speech = models.speech
    if speech is None or voice == "off":
        return BoundedSession(
            llm=models.language,
            vad=None,
            turn_handling={"turn_detection": "manual"},
            conn_options=NEVER_GIVE_UP,
            user_away_timeout=None,
        )
    if voice == "everyone":
        return BoundedSession(
            llm=models.language,
            tts=speech.voice,
            vad=None,
            turn_handling={"turn_detection": "manual"},
            conn_options=NEVER_GIVE_UP,
            user_away_timeout=None,
        )
    return BoundedSession(
        llm=models.language,
        stt=speech.input.open_stt(LINKED),
        tts=speech.voice,
        vad=speech.input.vad,
        turn_handling={"turn_detection": speech.input.turn_detection},
        conn_options=NEVER_GIVE_UP,
    )


def room_options(voice: Voice) -> room_io.RoomOptions:
    """Text is read by TextInput; the session outlives whoever it is linked to."""
    return room_io.RoomOptions(
        text_input=False,
        audio_input=voice == "linked",
        audio_output=voice != "off",
        close_on_disconnect=False,
    )
