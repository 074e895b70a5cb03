"""Hears one person at a time, and goes on with the next when they leave."""

import logging

from livekit import rtc
from livekit.agents import AgentSession

from agent.room.transcription import HEARD_KINDS

logger = logging.getLogger(__name__)


class LinkedParticipant:
    """Follows the room for a session that listens to its linked participant."""

    def __init__(self, room: rtc.Room, session: "AgentSession[None]") -> None:
        self._room = room
        self._session = session

    def follow(self) -> None:
        """LiveKit would wait for the same identity to return."""
        self._room.on("participant_disconnected", self._left)
        self._room.on("participant_connected", self._came)

    @property
    def identity(self) -> str | None:
        """Who is heard now."""
        linked = self._session.room_io.linked_participant
        return linked.identity if linked is not None else None

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        if self.identity in (None, participant.identity):
            self._link_somebody()

    def _came(self, participant: rtc.RemoteParticipant) -> None:
        if self.identity is None or self.identity not in self._room.remote_participants:
            self._link_somebody()

    def _link_somebody(self) -> None:
        for participant in self._room.remote_participants.values():
            if participant.kind in HEARD_KINDS:
                self._session.room_io.set_participant(participant.identity)
                logger.info("now hearing", extra={"participant": participant.identity})
                return
