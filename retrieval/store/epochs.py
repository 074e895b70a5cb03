"""Which agent has a room, by number, and what of a batch comes behind another (decision 31)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from retrieval.errors import ConversationNotFound, StaleEpoch
from retrieval.wire import ConversationId, MessageCreate, MessageId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database, Record

Room: TypeAlias = str | None
"""None is the room that the conversation is named after."""

# The time is read beside the update: Citus takes no now() in a returning clause.
JOIN = """
with joined as (
    update conversation
       set agent_epoch = agent_epoch
                       + case when (agent_identity, agent_session)
                                   is distinct from ($2::text, $3::text)
                              then 1 else 0 end,
           agent_identity = $2,
           agent_session = $3
     where conversation_id = $1
    returning agent_epoch
)
select agent_epoch, now() as joined_at from joined
"""

JOIN_SHARED = """
with joined as (
    insert into room_epoch as held
           (conversation_id, agent_identity, agent_session, room, agent_epoch)
    values ($1, $2, $3, $4, 1)
    on conflict (conversation_id, room) do update
       set agent_epoch = held.agent_epoch
                       + case when (held.agent_identity, held.agent_session)
                                   is distinct from ($2::text, $3::text)
                              then 1 else 0 end,
           agent_identity = $2,
           agent_session = $3
    returning agent_epoch
)
select agent_epoch, now() as joined_at from joined
"""


async def join(
    db: "Database",
    conversation_id: ConversationId,
    *,
    identity: str,
    session_id: str,
    room: Room = None,
) -> tuple[int, datetime]:
    """The agent's epoch, and the database's time. The agent that has the room keeps its epoch.

    `room` is given if others may share the conversation: each has an agent of its own.
    """
    if room is None:
        row = await db.fetchrow(JOIN, conversation_id, identity, session_id)
    else:
        row = await db.fetchrow(JOIN_SHARED, conversation_id, identity, session_id, room)
    if row is None:
        raise ConversationNotFound(conversation_id)
    return row["agent_epoch"], row["joined_at"]


@dataclass(frozen=True)
class Held:
    """Of one room: `present` of the agent that joined last, `written` the latest with a message."""

    present: int = 0
    written: int = 0


@dataclass(frozen=True)
class Epochs:
    """`sender`: of the batch, None if it is not sent as the agent of `room`. `own`: the name of the
    room that the conversation is named after, which messages may give, too.
    """

    sender: int | None
    room: Room
    own: str | None
    held: Mapping[Room, Held]

    def check(self) -> None:
        """Raises StaleEpoch."""
        present = self._held(self.room).present
        if self.sender is not None and self.sender < present:
            raise StaleEpoch(self.sender, present)

    def late(self, messages: Sequence[MessageCreate]) -> set[MessageId]:
        """What a room's agent hands in for an earlier one is late only behind a later one's.

        All else of an earlier agent is late once another has joined.
        """
        latest = {room: held.present for room, held in self.held.items()}
        if self.sender is not None:
            latest[self.room] = self._held(self.room).written
        late: set[MessageId] = set()
        for message in messages:
            room, epoch = self._of(message)
            if epoch < latest.get(room, 0) and epoch:
                late.add(message.id)
            latest[room] = max(latest.get(room, 0), epoch)
        return late

    def raised_by(self, messages: Sequence[MessageCreate]) -> dict[Room, Held]:
        """What a batch of these changes."""
        raised = {self.room: Held(self.sender or 0)}
        for message in messages:
            room, epoch = self._of(message)
            before = raised.get(room, Held())
            raised[room] = Held(before.present, max(before.written, epoch))
        return {
            room: held
            for room, held in raised.items()
            if held.present > self._held(room).present or held.written > self._held(room).written
        }

    def _held(self, room: Room) -> Held:
        return self.held.get(room, Held())

    def _of(self, message: MessageCreate) -> tuple[Room, int]:
        room = self.room if message.room is None else _besides(message.room, self.own)
        senders = self.sender if room == self.room else None
        own = message.epoch if message.epoch is not None else senders
        return room, own or 0


HELD = """
select room, agent_epoch, written_epoch
  from room_epoch
 where conversation_id = $1 and room = any($2)
 order by room
   for update
"""


async def read_epochs(
    connection: "Connection",
    conversation: "Record",
    *,
    messages: Sequence[MessageCreate],
    sender: int | None,
    room: Room,
) -> Epochs:
    """As no agent that joins meanwhile changes them before the end of the transaction."""
    own = conversation["room"]
    held: dict[Room, Held] = {
        None: Held(conversation["agent_epoch"], conversation["written_epoch"])
    }
    named = {room, *(message.room for message in messages)}
    shared = [name for name in named if name is not None and name != own]
    if shared:
        rows = await connection.fetch(HELD, conversation["conversation_id"], shared)
        held |= {row["room"]: Held(row["agent_epoch"], row["written_epoch"]) for row in rows}
    return Epochs(sender, _besides(room, own), own, held)


def _besides(room: Room, own: str | None) -> Room:
    return None if room == own else room


RAISE_SHARED = """
insert into room_epoch as held (conversation_id, agent_epoch, written_epoch, room)
values ($1, $2, $3, $4)
on conflict (conversation_id, room) do update
   set agent_epoch = greatest(held.agent_epoch, excluded.agent_epoch),
       written_epoch = greatest(held.written_epoch, excluded.written_epoch)
"""


async def raise_shared(
    connection: "Connection", conversation_id: ConversationId, raised: Mapping[Room, Held]
) -> None:
    """All but that of the conversation's own room, which stands in the conversation's row."""
    for room, held in raised.items():
        if room is not None:
            await connection.execute(
                RAISE_SHARED, conversation_id, held.present, held.written, room
            )
