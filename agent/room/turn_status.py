"""Tells the people in a room how each of their questions ended.

LiveKit's transcription stream does not say which question it answers, whether an interrupted reply
is whole, or that there will be none. So each question gets a small JSON packet on the topic
`longroom.turn`: `answering` before the reply's first word, then exactly one of `answered`,
`interrupted`, `empty`, `failed`; or `refused`, with the reason, if it is not taken at all.
"""

import json
import logging

from livekit import rtc

from agent.question import Outcome

TOPIC = "longroom.turn"

logger = logging.getLogger(__name__)


class TurnStatus:
    """Sends to everybody: in a shared room others wait for the same answer."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room

    async def answering(self, question_id: str, speaker: str) -> None:
        await self._send(question_id, speaker, "answering", None)

    async def ended(self, question_id: str, speaker: str, outcome: Outcome) -> None:
        await self._send(question_id, speaker, outcome, None)

    async def refused(self, question_id: str, speaker: str, reason: str) -> None:
        """`reason` is for people: it says what was wrong and what to do."""
        await self._send(question_id, speaker, "refused", reason)

    async def _send(self, question_id: str, speaker: str, outcome: str, reason: str | None) -> None:
        status = {"question_id": question_id, "speaker": speaker, "outcome": outcome}
        if reason is not None:
            status["reason"] = reason
        try:
            await self._room.local_participant.publish_data(json.dumps(status), topic=TOPIC)
        except rtc.participant.PublishDataError:
            # Nobody is connected to hear it; the answer itself is stored all the same.
            logger.info("turn status not sent", extra={"question_id": question_id})
