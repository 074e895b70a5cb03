"""LangGraph's store interface on one conversation."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    validate_op_namespace,
)

from longroom.client import ConversationClient
from longroom.integrations.langgraph.item_log import ItemLog
from longroom.integrations.langgraph.item_messages import as_message, within
from longroom.integrations.langgraph.matching import matches, passes

MOST_HITS = 100


class LongroomStore(BaseStore):
    """Each `put` appends a version to the conversation, a deletion one without a value.

    Make it where the event loop runs; the methods without `a` are for other threads. The live
    items are held in memory. Calls raise BackendError.
    """

    __slots__ = ("_conversation", "_log", "_loop")

    def __init__(self, conversation: ConversationClient) -> None:
        super().__init__()
        self._conversation = conversation
        self._log = ItemLog(conversation)
        self._loop = asyncio.get_running_loop()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """From another thread than the event loop's, which it would block for ever."""
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self._loop:
            raise RuntimeError("in the event loop use the methods with `a`, such as `aget`")
        return asyncio.run_coroutine_threadsafe(self.abatch(ops), self._loop).result()

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Reads see what was there before; of several puts of an item the last one counts."""
        given = list(ops)
        for op in given:
            validate_op_namespace(op)
        await self._log.follow()
        results = [await self._read(op) for op in given]
        await self._conversation.append_all(map(as_message, _last_puts(given)))
        return results

    async def _read(self, op: Op) -> Result:
        match op:
            case GetOp():
                return self._log.get(op.namespace, op.key)
            case SearchOp():
                return await self._search(op)
            case ListNamespacesOp():
                return self._namespaces(op)
        return None

    async def _search(self, op: SearchOp) -> list[SearchItem]:
        found: Sequence[tuple[Item, float | None]]
        if op.query:
            found = await self._found(op.query, op)
        else:
            found = [(item, None) for item in self._log.under(op.namespace_prefix)]
        kept = [_search_item(item, score) for item, score in found if passes(item.value, op.filter)]
        return kept[op.offset : op.offset + op.limit]

    async def _found(self, query: str, op: SearchOp) -> list[tuple[Item, float | None]]:
        """Of the best MOST_HITS, those that are the newest version of a live item."""
        response = await self._conversation.search(
            query, limit=MOST_HITS, metadata=within(op.namespace_prefix)
        )
        items = ((self._log.of_message(hit.message.id), hit.score) for hit in response.hits)
        return [(item, score) for item, score in items if item is not None]

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        there = {
            labels[: op.max_depth]
            for labels in self._log.namespaces()
            if matches(labels, op.match_conditions or ())
        }
        return sorted(there)[op.offset : op.offset + op.limit]


def _last_puts(ops: Sequence[Op]) -> Iterator[PutOp]:
    puts: dict[tuple[Any, str], PutOp] = {}
    for op in ops:
        if isinstance(op, PutOp):
            puts[op.namespace, op.key] = op
    yield from puts.values()


def _search_item(item: Item, score: float | None) -> SearchItem:
    return SearchItem(
        item.namespace, item.key, item.value, item.created_at, item.updated_at, score=score
    )
