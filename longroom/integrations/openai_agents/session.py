"""The SDK's session protocol on one conversation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from agents import SessionSettings, TResponseInputItem
from pydantic import JsonValue

from longroom.client import ConversationClient, ConversationEvent, LongroomClient, Message
from longroom.integrations.openai_agents.items import as_item, as_message
from retrieval.wire import MAX_BATCH_EVENTS, MAX_PAGE_MESSAGES

WITHDRAWN = "openai_agents_withdrawn"
"""Of an event's data: the ids of messages that the session has no more."""
IDS_OF_AN_EVENT = 100


class LongroomSession:
    """`session_id` is the conversation's key; `window` bounds the history of a run.

    The memory only grows: what `pop_item` and `clear_session` take out is withdrawn from the
    session, and stays in the conversation. Calls raise BackendError.
    """

    def __init__(
        self, session_id: str, client: LongroomClient, *, window: int = 24, user: str = "user"
    ) -> None:
        self.session_id = session_id
        self.session_settings: SessionSettings | None = SessionSettings(limit=window)
        self.shown: Sequence[Message] = ()
        """The messages that `get_items` has given last."""
        self._client = client
        self._user = user
        self._opened: ConversationClient | None = None

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The newest, oldest first; without `limit` all of them."""
        self.shown = await self._newest(limit)
        return [as_item(message) for message in self.shown]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        now = datetime.now(UTC)
        conversation = await self.conversation()
        await conversation.append_all(
            as_message(item, said_at=now, user=self._user) for item in items
        )

    async def pop_item(self) -> TResponseInputItem | None:
        newest = await self._newest(1)
        await self._withdraw(newest)
        return as_item(newest[0]) if newest else None

    async def clear_session(self) -> None:
        await self._withdraw(await self._newest(None))

    async def conversation(self) -> ConversationClient:
        if self._opened is None:
            self._opened = await self._client.conversation(self.session_id)
        return self._opened

    async def _newest(self, limit: int | None) -> list[Message]:
        conversation = await self.conversation()
        found: list[Message] = []
        before: int | None = None
        while limit is None or len(found) < limit:
            page = await conversation.recent(MAX_PAGE_MESSAGES, before=before)
            if not page:
                break
            before = page[0].seq
            # A message is withdrawn after it was said: earlier events are about earlier ones.
            gone = await self.withdrawn(since=page[0].created_at)
            found = [message for message in page if message.id not in gone] + found
        return found if limit is None else found[len(found) - min(limit, len(found)) :]

    async def withdrawn(self, *, since: datetime | None = None) -> set[str]:
        """Ids of messages that were popped or cleared, from the newest events since then."""
        conversation = await self.conversation()
        events = await conversation.events(kind="action", since=since, limit=MAX_BATCH_EVENTS)
        lists = [event.data.get(WITHDRAWN) for event in events]
        return {str(one) for ids in lists if isinstance(ids, list) for one in ids}

    async def _withdraw(self, messages: Sequence[Message]) -> None:
        conversation = await self.conversation()
        for at in range(0, len(messages), IDS_OF_AN_EVENT):
            ids: list[JsonValue] = [str(one.id) for one in messages[at : at + IDS_OF_AN_EVENT]]
            event = ConversationEvent(
                id=uuid4().hex,
                kind="action",
                created_at=datetime.now(UTC),
                data={WITHDRAWN: ids},
            )
            await conversation.record([event])
