"""Traces of turns in a scene: of the person's questions, and of a neighbour's that recalls them."""

from collections.abc import Sequence
from datetime import datetime

from benchmarks.erase.canary import KEPT, Canaries
from benchmarks.erase.scene import (
    FILES,
    OF_THE_PERSON,
    TURNS,
    WHOLE,
    Clock,
    Scene,
)
from longroom.client import LongroomClient
from retrieval.wire import MAX_BATCH_TURNS, TurnTrace

OF_QUESTION = ("table turn_trace.question_id", FILES, TURNS)


class Turns:
    def __init__(
        self, client: LongroomClient, canaries: Canaries, scene: Scene, clock: Clock
    ) -> None:
        self._client = client
        self._canaries = canaries
        self._scene = scene
        self._clock = clock

    async def write(self, person: str, neighbour: str) -> None:
        """Of each message of the person, and of questions that were never stored."""
        said = [(message.id, message.created_at) for message in self._scene.said]
        whose = self._scene.way if self._scene.way in OF_THE_PERSON else KEPT
        unsaid = self._question("person's question", whose)
        of_person = [
            self._trace(question_id, person, at, [])
            for question_id, at in [*said, (unsaid, self._clock.moment(old=self._scene.is_old))]
        ]
        whose = self._scene.way if self._scene.way in WHOLE else KEPT
        recalling = self._question("neighbour's question", whose)
        at = self._clock.moment(old=False)
        of_neighbour = self._trace(recalling, neighbour, at, self._scene.ids)
        turns = [*of_person, of_neighbour]
        for first in range(0, len(turns), MAX_BATCH_TURNS):
            batch = turns[first : first + MAX_BATCH_TURNS]
            await self._client.record_turns(self._scene.conversation_id, batch)
        self._scene.questions += [unsaid, recalling]

    def _question(self, place: str, whose: str) -> str:
        return f"question {self._canaries.new(place, whose, *OF_QUESTION)}"

    def _trace(self, question_id: str, who: str, at: datetime, ids: Sequence[str]) -> TurnTrace:
        """Each id stands in every place that a trace has for one."""
        hits = [
            {
                "message_id": one,
                "score": 0.5,
                "before": ids[:10],
                "after": ids[:10],
                "also_said": {"count": len(ids), "ids": ids},
            }
            for one in ids
        ]
        return TurnTrace.model_validate(
            {
                "question_id": question_id,
                "participant": who,
                "asked_at": at,
                "ended_at": at,
                "outcome": "answered",
                "source": "fresh",
                "read_as": [{"message_id": one, "start": 0, "end": 40} for one in ids] or None,
                "hits": hits,
                "shown": [{"message_id": one} for one in ids],
                "cut": ids,
                "block": {"nonce": "0f", "now": at, "time_zone": "UTC", "role": "user"},
            }
        )
