"""Which conversation a command is about: a room's, or that of a key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from longroom.errors import ConfigurationError

if TYPE_CHECKING:
    from longroom.client import LongroomClient
    from retrieval.wire import KeyedConversation, Room

WHOSE = "whose conversation is it? name it with --room or --conversation"


@dataclass(frozen=True)
class ConversationName:
    """Either the name of a room or a key; as text for messages to people."""

    room: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        return f"room {self.room!r}" if self.key is None else f"conversation {self.key!r}"

    async def open(
        self, client: "LongroomClient", *, language: str | None = None
    ) -> "Room | KeyedConversation":
        """Created if there is none. Raises BackendError."""
        if self.key is not None:
            return await client.create_conversation(self.key, language=language)
        return await client.create_room(self.room or "", language=language)


def named(room: str | None, key: str | None, *, otherwise: str | None = None) -> ConversationName:
    """From two options. Raises ConfigurationError unless one of them, or `otherwise`, is given."""
    if room is not None and key is not None:
        raise ConfigurationError("give either --room or --conversation: they are two memories")
    if key is None and room is None and otherwise is None:
        raise ConfigurationError(WHOSE)
    return ConversationName(otherwise if room is None and key is None else room, key)
