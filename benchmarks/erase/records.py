"""Events and sessions of a scene: of the person, of the neighbour, and of both."""

from collections.abc import Sequence
from typing import get_args

from benchmarks.erase.canary import KEPT, Canaries
from benchmarks.erase.scene import (
    EVENTS,
    EXPORT,
    FILES,
    OF_THE_PERSON,
    OF_THE_SESSION,
    WHOLE,
    Clock,
    Scene,
)
from longroom.client import LongroomClient
from retrieval.wire import ConversationEvent, EventKind, SessionSummary

OF_EVENT = ("table conversation_event.data", FILES, EVENTS, EXPORT)


class Records:
    def __init__(
        self, client: LongroomClient, canaries: Canaries, scene: Scene, clock: Clock
    ) -> None:
        self._client = client
        self._canaries = canaries
        self._scene = scene
        self._clock = clock

    async def events(self, person: str, neighbour: str) -> None:
        """Of each kind: of the person, of the neighbour who quotes, of the neighbour alone."""
        quoted = self._scene.said[0].content
        of_person = [
            self._event(
                kind, person, self._canaries.new(f"{kind} event", self._scene.way, *OF_EVENT)
            )
            for kind in get_args(EventKind)
            if self._scene.way in OF_THE_PERSON
        ]
        quoting = [
            self._event(kind, neighbour, quoted)
            for kind in get_args(EventKind)
            if kind != "metric" and self._scene.way != "correction"
        ]
        whose = self._scene.way if self._scene.way in WHOLE else KEPT
        alone = [
            self._event(
                kind,
                neighbour,
                self._canaries.new(f"neighbour's {kind} event", whose, *OF_EVENT),
                old=False,
            )
            for kind in get_args(EventKind)
        ]
        await self._client.record_events(
            self._scene.conversation_id, [*of_person, *quoting, *alone]
        )

    async def sessions(self, person: str, neighbour: str) -> None:
        """One of both, and one of the neighbour."""
        whose = self._scene.way if self._scene.way in OF_THE_SESSION else KEPT
        await self._session(whose, [person, neighbour], old=self._scene.is_old)
        whose = self._scene.way if self._scene.way in WHOLE else KEPT
        await self._session(whose, [neighbour], old=False)

    async def _session(self, whose: str, participants: Sequence[str], *, old: bool) -> None:
        began_at = self._clock.moment(old=old)
        columns = ("session_id", "close_reason", "usage", "agent_identity")
        one, two, three, four = (
            self._canaries.new(f"session's {column}", whose, f"table session.{column}", FILES)
            for column in columns
        )
        summary = SessionSummary(
            conversation_id=self._scene.conversation_id,
            agent_identity=f"agent-{four}",
            started_at=began_at,
            ended_at=began_at,
            message_count=3,
            participants=list(participants),
            usage={"note": three},
            close_reason=f"closed by {two}",
        )
        await self._client.save_session(f"session {one}", summary)

    def _event(
        self, kind: EventKind, who: str, word: str, *, old: bool | None = None
    ) -> ConversationEvent:
        return ConversationEvent(
            id=f"event {self._clock.next()}",
            kind=kind,
            created_at=self._clock.moment(old=self._scene.is_old if old is None else old),
            participant=who,
            data={"text": f"It is said that {word} is here."},
        )
