"""What is to be erased, and in which conversation."""

from dataclasses import dataclass
from uuid import UUID

from longroom.client import ErasureReceipt, LongroomClient
from longroom.conversation_name import ConversationName
from longroom.errors import CommandFailed, ConfigurationError
from retrieval.wire import ImportConversation


@dataclass(frozen=True)
class Place:
    """A conversation by its id, or by the name of its room or its key."""

    conversation_id: UUID | None
    name: ConversationName | None

    def __str__(self) -> str:
        return str(self.name or f"conversation {self.conversation_id}")

    async def find(self, client: LongroomClient) -> UUID:
        """Raises CommandFailed if there is none of that name."""
        if self.name is None:
            assert self.conversation_id is not None  # noqa: S101 - one of them is given
            return self.conversation_id
        # Creating a room would open it on the LiveKit server.
        wanted = ImportConversation(room=self.name.room, key=self.name.key)
        found = await client.import_conversation(wanted)
        if found.created:
            await client.erase_conversation(found.conversation_id)
            raise CommandFailed(f"there is no {self.name}")
        return found.conversation_id


@dataclass(frozen=True)
class Target:
    """A message, a participant, or neither: then the conversation. No place: all of them."""

    place: Place | None
    message_id: str | None = None
    participant: str | None = None

    def __str__(self) -> str:
        where = str(self.place) if self.place else "all conversations"
        if self.message_id is not None:
            return f"message {self.message_id!r} of {where}"
        if self.participant is not None:
            return f"what {self.participant!r} said in {where}"
        return where

    async def erase(
        self, client: LongroomClient, conversation_id: UUID | None, *, dry_run: bool
    ) -> ErasureReceipt:
        """One request: the receipt may be incomplete."""
        if self.participant is not None:
            return await client.erase_participant(
                self.participant, conversation_id=conversation_id, dry_run=dry_run
            )
        if conversation_id is None:
            raise ConfigurationError("name the conversation")
        if self.message_id is not None:
            return await client.erase_message(conversation_id, self.message_id, dry_run=dry_run)
        return await client.erase_conversation(conversation_id, dry_run=dry_run)


def place_of(conversation_id: UUID | None, room: str | None, key: str | None) -> Place | None:
    """From three options, of which one may be given. Raises ConfigurationError."""
    given = [option for option in (conversation_id, room, key) if option is not None]
    if len(given) > 1:
        raise ConfigurationError("give one of --conversation-id, --room and --conversation")
    if not given:
        return None
    if conversation_id is not None:
        return Place(conversation_id, None)
    return Place(None, ConversationName(room, key))
