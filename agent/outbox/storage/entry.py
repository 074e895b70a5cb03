"""What an outbox file holds: entries, and dead letters, each with a number and a checksum."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

from retrieval.wire import ConversationEvent, MessageCreate, TurnTrace

Stream = Literal["message", "event", "session", "turn"]
STREAMS: tuple[Stream, ...] = ("message", "event", "session", "turn")
"""In the order in which they are delivered."""
REPLACED_BY_NEWER: tuple[Stream, ...] = ("session", "turn")

Write: TypeAlias = MessageCreate | ConversationEvent | TurnTrace
"""What is accepted together, in its order; a session's summary comes by itself."""

_DIGEST_BYTES = 8


@dataclass(frozen=True)
class Entry:
    """`body` is wire JSON. `number` counts acceptances in its stream: 1, 2, 3 … without gaps.

    `position` is the place in the file. Both are 0 before storing.
    """

    stream: Stream
    id: str
    body: str
    position: int = 0
    number: int = 0
    accepted_at: str = ""

    @property
    def checksum(self) -> str:
        """Of all that is to be delivered, and of where it belongs."""
        texts = (self.stream, self.id, self.accepted_at, self.body)
        return checksum(self.number, *(text.encode("utf-8", "surrogatepass") for text in texts))

    def says(self, body: str) -> bool:
        """Whether another body under this id is the same message, whichever agent accepted it.

        Two agents in one room accept a message each, by their own clocks and epochs.
        """
        if body == self.body or self.stream != "message":
            return body == self.body
        try:
            one, other = json.loads(self.body), json.loads(body)
            return all(one[name] == other[name] for name in ("role", "participant", "content"))
        except (ValueError, KeyError, TypeError):
            return False


def stream_of(write: Write) -> Stream:
    match write:
        case MessageCreate():
            return "message"
        case ConversationEvent():
            return "event"
        case TurnTrace():
            return "turn"


def id_of(write: Write) -> str:
    return write.question_id if isinstance(write, TurnTrace) else write.id


def checksum(number: int, *texts: bytes) -> str:
    content = b"\0".join((str(number).encode(), *texts))
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()


@dataclass(frozen=True)
class DeadLetter:
    """An entry that was refused for good. Its body is empty if the conversation was erased."""

    entry: Entry
    reason: str
    set_aside_at: str
