"""The chat of LiveKit's older client components: data packets on the topic `lk-chat-topic`.

They carry JSON: `id`, `message`, `timestamp` in milliseconds. Newer components send the same text
as a stream on `lk.chat` too, and mark the packet with `ignoreLegacy`.
"""

import json
import logging
import time
from collections import OrderedDict

from livekit import rtc

from agent.messages.question import answer_id
from agent.room.typed.text_input import TextInput, too_long
from retrieval.wire import MessageId

TOPIC = "lk-chat-topic"
MAX_PACKET_BYTES = 65_536
REMEMBERED_QUESTIONS = 500

logger = logging.getLogger(__name__)


class LegacyChat:
    """Hands packets to `text_input`, and sends answers back to who wrote by packet: such clients
    show no text streams.
    """

    def __init__(self, room: rtc.Room, text_input: TextInput) -> None:
        self._room = room
        self._text_input = text_input
        self._asked: OrderedDict[str, str] = OrderedDict()

    def listen(self) -> None:
        """Call before connecting: messages may arrive at once."""
        self._room.on("data_received", self._arrived)

    async def answer(self, question_id: MessageId, text: str) -> None:
        """To its asker alone, if he wrote by packet."""
        asker = self._asked.pop(question_id, None)
        if asker is None or not text:
            return
        packet = {
            "id": answer_id(question_id, 1),
            "timestamp": round(time.time() * 1000),
            "message": text,
        }
        try:
            await self._room.local_participant.publish_data(
                json.dumps(packet), topic=TOPIC, destination_identities=[asker]
            )
        except rtc.participant.PublishDataError:
            logger.info("answer not sent by packet", extra={"question_id": question_id})

    def _arrived(self, packet: rtc.DataPacket) -> None:
        if packet.topic != TOPIC:
            return
        typed = _read(packet.data)
        if typed is None:
            return
        sender = packet.participant.identity if packet.participant is not None else ""
        self._asked[typed.id] = sender
        if len(self._asked) > REMEMBERED_QUESTIONS:
            self._asked.popitem(last=False)
        self._text_input.arrived(typed, sender)


class _Packet:
    def __init__(self, message_id: str, text: str) -> None:
        self.id = message_id
        self._text = text

    async def read(self, *, max_chars: int) -> str:
        if len(self._text) > max_chars:
            raise too_long(max_chars)
        return self._text

    def close(self) -> None:
        """Arrived whole."""


def _read(data: bytes) -> _Packet | None:
    """None for what is no message, or comes as a stream as well."""
    try:
        packet = json.loads(data[: MAX_PACKET_BYTES + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(packet, dict) or packet.get("ignoreLegacy"):
        return None
    message_id, text = packet.get("id"), packet.get("message")
    if not isinstance(message_id, str) or not isinstance(text, str):
        return None
    return _Packet(message_id, text)
