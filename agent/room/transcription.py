"""Transcribes all participants: one session each, since an AgentSession listens to one only."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, StopResponse, llm, room_io, stt
from livekit.agents.voice.events import UserInputTranscribedEvent

from agent.background_tasks import BackgroundTasks
from agent.conversation.session.limits import drop_events
from agent.llm.speech import SpeechInput
from agent.messages.question import Question
from agent.messages.rolling_window import message_id
from agent.messages.sanitize import storable_content
from agent.room.participants import PEOPLE

HEARS_ATTRIBUTE = "longroom.hears"
"""Of an agent, for clients: whether it hears `everyone`, the `linked` participant, or `nobody`."""

logger = logging.getLogger(__name__)


class ParticipantTranscriber(Agent):
    """Turns one participant's speech into questions, and never replies."""

    def __init__(self, speaker: str, on_question: Callable[[Question], None]) -> None:
        super().__init__(instructions="")
        self._speaker = speaker
        self._on_question = on_question

    # LiveKit passes these two by keyword: their names are part of the contract.
    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        text = (new_message.text_content or "").strip()
        if text:
            self._on_question(
                Question(
                    id=message_id(new_message),
                    speaker=self._speaker,
                    text=storable_content(text),
                    asked_at=datetime.now(UTC),
                    spoken=True,
                )
            )
        raise StopResponse


class RoomTranscriber:
    def __init__(
        self,
        room: rtc.Room,
        speech: SpeechInput,
        *,
        on_question: Callable[[Question], None],
        on_transcript: Callable[[str, UserInputTranscribedEvent], None],
    ) -> None:
        self._room = room
        self._speech = speech
        self._on_question = on_question
        self._on_transcript = on_transcript
        self._sessions: dict[str, tuple[AgentSession[None], stt.STT[Any]]] = {}
        self._tasks = BackgroundTasks()
        self._closed = False

    def open(self) -> None:
        """Call after the answering session has started: LiveKit closes a job's first in order."""
        self._room.on("participant_connected", self._joined)
        self._room.on("participant_disconnected", self._left)
        for participant in self._room.remote_participants.values():
            self._joined(participant)

    def forget(self) -> None:
        """Sessions keep what they heard, though none of it is used again."""
        for session, _ in self._sessions.values():
            drop_events(session)

    async def aclose(self) -> None:
        self._closed = True
        await self._tasks.finish()
        await asyncio.gather(*(_close(*opened) for opened in self._sessions.values()))
        self._sessions.clear()

    def _joined(self, participant: rtc.RemoteParticipant) -> None:
        identity = participant.identity
        if self._closed or participant.kind not in PEOPLE or identity in self._sessions:
            return
        transcriber = self._speech.open_stt(identity)
        session = self._new_session(identity, transcriber)
        self._sessions[identity] = session, transcriber
        self._tasks.start(self._listen(identity, session))

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        opened = self._sessions.pop(participant.identity, None)
        if opened is not None and not self._closed:
            self._tasks.start(_close(*opened))

    def _new_session(self, identity: str, transcriber: stt.STT[Any]) -> "AgentSession[None]":
        session: AgentSession[None] = AgentSession(
            stt=transcriber,
            vad=self._speech.vad,
            turn_handling={"turn_detection": self._speech.turn_detection},
        )
        session.on("user_input_transcribed", lambda event: self._on_transcript(identity, event))
        return session

    async def _listen(self, identity: str, session: "AgentSession[None]") -> None:
        await session.start(
            ParticipantTranscriber(identity, self._on_question),
            room=self._room,
            room_options=room_io.RoomOptions(
                participant_identity=identity,
                text_input=False,
                # What they say, for the others in the room; this session says nothing itself.
                text_output=room_io.TextOutputOptions(sync_transcription=False),
                audio_output=False,
                audio_input=room_io.AudioInputOptions(pre_connect_audio=False),
                close_on_disconnect=False,
            ),
        )
        logger.info("listening", extra={"participant": identity})


def hearing(everyone: SpeechInput | None, *, follows_linked: bool) -> str:
    """The value of HEARS_ATTRIBUTE."""
    if everyone is not None:
        return "everyone"
    return "linked" if follows_linked else "nobody"


async def _close(session: "AgentSession[None]", transcriber: stt.STT[Any]) -> None:
    await session.aclose()
    await transcriber.aclose()
