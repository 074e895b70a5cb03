"""Which agent has a room, and what arrives from one that another has replaced (decision 31)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound, StaleEpoch
from retrieval.wire import ConversationId, Message, MessageCreate, MessageId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

LATE_ANSWER = ".late"
"""Appended to the id of a late answer: that id belongs to the present agent's answer."""

JOIN = """
update conversation
   set agent_epoch = agent_epoch
                   + case when (agent_identity, agent_session) is distinct from ($2::text, $3::text)
                          then 1 else 0 end,
       agent_identity = $2,
       agent_session = $3
 where conversation_id = $1
returning agent_epoch, now() as joined_at
"""


async def join(
    db: "Database", conversation_id: ConversationId, *, identity: str, session_id: str
) -> tuple[int, datetime]:
    """The agent's epoch, and the database's time. The agent that has the room keeps its epoch."""
    row = await db.fetchrow(JOIN, conversation_id, identity, session_id)
    if row is None:
        raise ConversationNotFound(conversation_id)
    return row["agent_epoch"], row["joined_at"]


@dataclass(frozen=True)
class Epochs:
    """`sender`: of the batch, None if it is not sent as the room's agent.

    `present`: of the agent that joined last; `written`: the latest with a message.
    """

    sender: int | None
    present: int
    written: int

    def check(self) -> None:
        """Raises StaleEpoch."""
        if self.sender is not None and self.sender < self.present:
            raise StaleEpoch(self.sender, self.present)

    def late(self, messages: Sequence[MessageCreate]) -> set[MessageId]:
        """What the room's agent hands in for an earlier one is late only behind a later one's.

        All else of an earlier agent is late once another has joined.
        """
        latest = self.present if self.sender is None else self.written
        late: set[MessageId] = set()
        for message in messages:
            epoch = self._of(message)
            if epoch < latest and epoch:
                late.add(message.id)
            latest = max(latest, epoch)
        return late

    def written_after(self, messages: Sequence[MessageCreate]) -> "Epochs":
        sender = self.sender or 0
        written = max(self.written, *(self._of(message) for message in messages))
        return Epochs(self.sender, max(self.present, sender), written)

    def _of(self, message: MessageCreate) -> int:
        own = message.epoch if message.epoch is not None else self.sender
        return own or 0


def late_answer_ids(messages: Iterable[MessageCreate]) -> list[MessageId]:
    """Under which agents' answers may be stored already."""
    return [_late(m.id) for m in messages if m.role == "assistant" and m.epoch is not None]


def as_received(
    messages: Sequence[MessageCreate], late: set[MessageId], stored: Mapping[str, Message]
) -> list[MessageCreate]:
    """As they are stored: only late ones keep their epoch."""
    return [
        message
        if message.epoch is None
        else _from_agent(message, _same(message, stored), is_late=message.id in late)
        for message in messages
    ]


def _from_agent(message: MessageCreate, first: Message | None, *, is_late: bool) -> MessageCreate:
    """A late answer never takes the id of the present agent's.

    What two agents accepted, each by its own clock, is one message: the first to arrive counts.
    """
    changes: dict[str, object] = {} if is_late else {"epoch": None}
    if first is not None:
        as_first = ("id", "created_at", "interrupted", "metadata")
        changes |= {name: getattr(first, name) for name in as_first}
    elif is_late and message.role == "assistant":
        changes["id"] = _late(message.id)
    return message.model_copy(update=changes)


def _same(message: MessageCreate, stored: Mapping[str, Message]) -> Message | None:
    found = (stored.get(message.id), stored.get(_late(message.id)))
    return next((one for one in found if one and _said(one) == _said(message)), None)


def _late(answer: MessageId) -> MessageId:
    return MessageId(answer + LATE_ANSWER)


def _said(message: Message | MessageCreate) -> tuple[str, str, str]:
    return message.role, message.participant, message.content
