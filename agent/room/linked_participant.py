"""Links the session to one person at a time, and to the next when they leave."""

import logging

from livekit import rtc
from livekit.agents import AgentSession

from agent.room.participants import PEOPLE

logger = logging.getLogger(__name__)


class LinkedParticipant:
    def __init__(self, room: rtc.Room, session: "AgentSession[None]") -> None:
        self._room = room
        self._session = session

    def follow(self) -> None:
        """LiveKit alone would wait for the same identity to return."""
        self._room.on("participant_disconnected", self._left)
        self._room.on("participant_connected", self._joined)

    @property
    def identity(self) -> str | None:
        linked = self._session.room_io.linked_participant
        return linked.identity if linked is not None else None

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        if self.identity in (None, participant.identity):
            self._link_someone()

    def _joined(self, participant: rtc.RemoteParticipant) -> None:
        if self.identity is None or self.identity not in self._room.remote_participants:
            self._link_someone()

    def _link_someone(self) -> None:
        for participant in self._room.remote_participants.values():
            if participant.kind in PEOPLE:
                self._session.room_io.set_participant(participant.identity)
                logger.info("now hearing", extra={"participant": participant.identity})
                return
