"""A store's items: the newest version of each, folded from the conversation's messages."""

import asyncio
from http import HTTPStatus

from langgraph.store.base import Item

from longroom.client import BackendRejected, ConversationClient, Message
from longroom.integrations.langgraph.item_messages import as_version

Place = tuple[tuple[str, ...], str]


class ItemLog:
    """Holds the live items. `follow` reads what has arrived since, also from other processes, and
    all anew after an erasure or a correction.
    """

    def __init__(self, conversation: ConversationClient) -> None:
        self._conversation = conversation
        self._items: dict[Place, Item] = {}
        self._newest: dict[str, Place] = {}
        """The place of each live item, by the id of the message that is its newest version."""
        self._ids: dict[Place, str] = {}
        self._seq = 0
        self._revision = 0
        self._reading = asyncio.Lock()

    async def follow(self) -> None:
        async with self._reading:
            await self._forget_changed()
            async for message in self._conversation.messages(after=self._seq):
                self._take(message)
                self._seq = message.seq

    async def _forget_changed(self) -> None:
        try:
            changed = [each async for each in self._conversation.changes(after=self._revision)]
        except BackendRejected as rejection:
            if rejection.is_erased:
                self._clear()
            if rejection.status != HTTPStatus.NOT_FOUND:  # an older backend has no changes
                raise
            return
        if changed:
            self._clear()
            self._revision = changed[-1].revision

    def _clear(self) -> None:
        self._items.clear()
        self._newest.clear()
        self._ids.clear()
        self._seq = 0

    def get(self, namespace: tuple[str, ...], key: str) -> Item | None:
        return self._items.get((namespace, key))

    def of_message(self, message_id: str) -> Item | None:
        """None if the message is an old version, or of a deleted item."""
        place = self._newest.get(message_id)
        return None if place is None else self._items[place]

    def under(self, namespace_prefix: tuple[str, ...]) -> list[Item]:
        """Those written last come last."""
        depth = len(namespace_prefix)
        return [
            item for (labels, _), item in self._items.items() if labels[:depth] == namespace_prefix
        ]

    def namespaces(self) -> set[tuple[str, ...]]:
        return {labels for labels, _ in self._items}

    def _take(self, message: Message) -> None:
        version = as_version(message)
        if version is None:
            return
        place = (version.namespace, version.key)
        before = self._items.pop(place, None)
        self._newest.pop(self._ids.pop(place, ""), None)
        if version.value is None:
            return
        self._items[place] = Item(
            value=version.value,
            key=version.key,
            namespace=version.namespace,
            created_at=before.created_at if before else message.created_at,
            updated_at=message.created_at,
        )
        self._ids[place] = message.id
        self._newest[message.id] = place
