"""The client of a backend: its routes, and the conversations that they lead to."""

from uuid import UUID

import httpx

from longroom.client.conversation import ConversationClient
from longroom.client.routes import Routes

DEFAULT_URL = "http://127.0.0.1:8000"


class LongroomClient(Routes):
    """Connects with the first call; `async with` closes it.

    Raises BackendError, and ValueError for what no backend takes. `timeout_s` bounds a whole call.
    `key` may be a token of one conversation, which `open` then leads to.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        timeout_s: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(url, key=key, timeout_s=timeout_s, transport=transport)

    async def conversation(self, key: str, *, language: str | None = None) -> ConversationClient:
        """The conversation of a key of yours: a customer, a ticket. Made if the key has none."""
        found = await self.create_conversation(key, language=language)
        return self.open(found.conversation_id)

    async def room(self, name: str, *, language: str | None = None) -> ConversationClient:
        """The conversation that a room has; both are made if there is no room of that name.

        A backend with a LiveKit server opens the room there and sends it an agent: without a room,
        use `conversation`.
        """
        return self.open((await self.create_room(name, language=language)).conversation_id)

    def open(self, conversation_id: UUID) -> ConversationClient:
        """A conversation whose id is known; asks the backend nothing."""
        return ConversationClient(self, conversation_id)
