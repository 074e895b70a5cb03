"""Sends the people in a room the status of each of their questions.

LiveKit's transcription stream tells neither the question nor whether a reply is whole or will come.
So each question gets JSON packets on topic `longroom.turn`: `question_id`, `speaker`, `outcome`.

- `accepted`: it is on disk and will be answered, also if this agent is killed;
- `answering`: before the reply's first word, again if it had to be begun anew;
- `answered`, `interrupted`, `empty` or `failed`: how it ended, once, with a `reason` if the model
  gave no whole answer (docs/models.md); what failed may be sent again under its id, and is answered
  then;
- `refused`, with a `reason`, to its sender alone: it was not taken.

A client that gets none of these within a few seconds should send the message again, under its id.
"""

import json
import logging
from collections import OrderedDict
from collections.abc import Sequence

from livekit import rtc

from agent.llm.failure import Reason
from agent.messages.question import OUTCOMES, Outcome

TOPIC = "longroom.turn"
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
REMEMBERED_QUESTIONS = 1_000

logger = logging.getLogger(__name__)


class TurnStatus:
    """Sends to all, except refusals: in a shared room others await the same answer."""

    def __init__(self, room: rtc.Room, *, is_sent: bool = True) -> None:
        self._room = room
        self._is_sent = is_sent
        self._ended_elsewhere: OrderedDict[str, None] = OrderedDict()
        self._reasons: OrderedDict[str, Reason] = OrderedDict()

    def listen(self) -> None:
        """To the other agents of the room. Call before connecting."""
        self._room.on("data_received", self._overhear)

    def has_heard_end(self, question_id: str) -> bool:
        """Whether another agent has told how the question ended; knows the newest 1,000."""
        return question_id in self._ended_elsewhere

    async def accepted(self, question_id: str, speaker: str) -> None:
        await self._send(_status(question_id, speaker, "accepted"))

    async def answering(self, question_id: str, speaker: str) -> None:
        await self._send(_status(question_id, speaker, "answering"))

    def explain(self, question_id: str, reason: Reason | None) -> None:
        """Call before `ended`."""
        self._reasons.pop(question_id, None)
        if reason is not None:
            self._reasons[question_id] = reason
            if len(self._reasons) > REMEMBERED_QUESTIONS:
                self._reasons.popitem(last=False)

    async def ended(self, question_id: str, speaker: str, outcome: Outcome) -> None:
        status = _status(question_id, speaker, outcome)
        if (reason := self._reasons.get(question_id)) is not None:
            status["reason"] = reason
        await self._send(status)

    async def refused(self, question_id: str, speaker: str, reason: str) -> None:
        """`reason` tells people what was wrong and what to do."""
        status = _status(question_id, speaker, "refused") | {"reason": reason}
        # Not to others: one of them may have asked a question of the same id.
        await self._send(status, to=[speaker] if speaker else [])

    def _overhear(self, packet: rtc.DataPacket) -> None:
        sender = packet.participant
        if packet.topic != TOPIC or sender is None or sender.kind != AGENT:
            return
        try:
            status = json.loads(packet.data)
        except ValueError:
            return
        if isinstance(status, dict) and status.get("outcome") in OUTCOMES:
            self._ended_elsewhere[str(status.get("question_id"))] = None
            if len(self._ended_elsewhere) > REMEMBERED_QUESTIONS:
                self._ended_elsewhere.popitem(last=False)

    async def _send(self, status: dict[str, str], *, to: Sequence[str] = ()) -> None:
        if not self._is_sent:
            return
        try:
            await self._room.local_participant.publish_data(
                json.dumps(status), topic=TOPIC, destination_identities=list(to)
            )
        except rtc.participant.PublishDataError:
            # No one is connected to receive it; the answer is stored regardless.
            logger.info("turn status not sent", extra={"question_id": status["question_id"]})


def _status(question_id: str, speaker: str, outcome: str) -> dict[str, str]:
    return {"question_id": question_id, "speaker": speaker, "outcome": outcome}
