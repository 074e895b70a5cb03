"""LangGraph with our store: its real graphs and the whole interface, on a real backend."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore, GetOp, InvalidNamespaceError, PutOp

from longroom.client import BackendRejected, ConversationClient, LongroomClient
from longroom.integrations.langgraph import LongroomStore
from tests.support.backend_under_test import BackendUnderTest

ADA = ("users", "ada")
HAL = ("users", "hal")


class State(TypedDict, total=False):
    said: str
    recalled: list[str]


@pytest.fixture
async def conversation(clients_backend: BackendUnderTest) -> AsyncIterator[ConversationClient]:
    key = clients_backend.key
    async with LongroomClient(clients_backend.url, key=key, timeout_s=30) as longroom:
        yield await longroom.conversation(f"store {secrets.token_hex(4)}")


@pytest.fixture
async def store(conversation: ConversationClient) -> LongroomStore:
    return LongroomStore(conversation)


async def _remember(state: State, *, store: BaseStore) -> State:
    await store.aput(ADA, secrets.token_hex(4), {"fact": state["said"]})
    return {}


async def _recall(state: State, *, store: BaseStore) -> State:
    found = await store.asearch(ADA, query=state["said"], limit=1)
    return {"recalled": [item.value["fact"] for item in found]}


def _graph(node: Any, store: BaseStore) -> Any:
    graph = StateGraph(State)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    return graph.compile(store=store)


async def test_a_graph_finds_what_an_earlier_one_was_told(
    conversation: ConversationClient,
) -> None:
    first = _graph(_remember, LongroomStore(conversation))
    for fact in ("Parcels for Hal go to the red boathouse.", "The gate code is 7741."):
        await first.ainvoke({"said": fact})

    result = await _graph(_recall, LongroomStore(conversation)).ainvoke(
        {"said": "Where do parcels for Hal go?"}
    )

    assert result["recalled"] == ["Parcels for Hal go to the red boathouse."]


async def test_an_item_is_its_newest_version(
    store: LongroomStore, conversation: ConversationClient
) -> None:
    await store.aput(ADA, "likes", {"food": "pizza"})
    await store.aput(ADA, "likes", {"food": "soup"})

    item = await LongroomStore(conversation).aget(ADA, "likes")
    assert item is not None
    assert (item.namespace, item.key, item.value) == (ADA, "likes", {"food": "soup"})
    assert item.created_at < item.updated_at
    assert [found.value for found in await store.asearch(ADA, query="pizza")] in (
        [],
        [{"food": "soup"}],
    )


async def test_a_deleted_item_is_gone_and_may_come_back(store: LongroomStore) -> None:
    await store.aput(ADA, "likes", {"food": "pizza"})
    await store.adelete(ADA, "likes")

    assert await store.aget(ADA, "likes") is None
    assert await store.asearch(ADA, query="pizza") == []
    assert await store.asearch(ADA) == []
    await store.aput(ADA, "likes", {"food": "soup"})
    assert [item.value for item in await store.asearch(ADA)] == [{"food": "soup"}]


async def test_a_search_stays_under_its_namespace(store: LongroomStore) -> None:
    await store.aput(ADA, "gate", {"text": "The gate code is 7741."})
    await store.aput(HAL, "gate", {"text": "The gate code is 9000."})
    await store.aput(("users", "adam"), "gate", {"text": "The gate code is 1."})

    async def found(*namespace: str) -> list[str]:
        items = await store.asearch(namespace, query="gate code")
        return sorted(item.value["text"][-5:] for item in items)

    assert await found("users", "ada") == ["7741."]
    assert await found("users") == ["7741.", "9000.", "is 1."]
    assert await found("others") == []


async def test_filters_offsets_and_scores(store: LongroomStore) -> None:
    for number in range(6):
        value = {"text": f"Gate {number} is green.", "level": number, "open": number % 2 == 0}
        await store.aput(ADA, f"g{number}", value)

    async def levels(**given: Any) -> list[int]:
        return sorted(item.value["level"] for item in await store.asearch(ADA, **given))

    assert await levels(filter={"open": True}) == [0, 2, 4]
    assert await levels(filter={"level": {"$gte": 2, "$lt": 5}, "open": False}) == [3]
    assert await levels(query="green gate", filter={"level": {"$gt": 3}}) == [4, 5]
    assert await levels(limit=2, offset=4) == [4, 5]
    assert await levels(filter={"missing": {"$gt": 1}}) == []
    with pytest.raises(ValueError, match=r"\$like"):
        await levels(filter={"text": {"$like": "x"}})
    assert all(item.score for item in await store.asearch(ADA, query="green gate"))


async def test_only_the_fields_that_are_indexed_are_found(store: LongroomStore) -> None:
    value = {"title": "boathouse", "note": "lighthouse"}
    await store.aput(ADA, "some", value, index=["title"])
    await store.aput(ADA, "none", value, index=False)

    assert [item.key for item in await store.asearch(ADA, query="boathouse")] == ["some"]
    assert [item.key for item in await store.asearch(ADA, query="not indexed")] == ["some"]
    assert {item.key for item in await store.asearch(ADA)} == {"some", "none"}


async def test_namespaces_are_listed(store: LongroomStore) -> None:
    for namespace in (ADA, HAL, ("users", "ada", "v1"), ("docs", "v1")):
        await store.aput(namespace, "k", {"a": 1})

    assert await store.alist_namespaces(prefix=("users",), max_depth=2) == [ADA, HAL]
    assert await store.alist_namespaces(suffix=("v1",)) == [("docs", "v1"), ("users", "ada", "v1")]
    assert await store.alist_namespaces(prefix=("*", "ada")) == [ADA, ("users", "ada", "v1")]
    assert await store.alist_namespaces(limit=1, offset=1) == [ADA]


async def test_a_batch_reads_what_was_there_and_keeps_the_last_put(store: LongroomStore) -> None:
    results = await store.abatch(
        [PutOp(ADA, "k", {"v": 1}), GetOp(ADA, "k"), PutOp(ADA, "k", {"v": 2})]
    )

    assert results == [None, None, None]
    item = await store.aget(ADA, "k")
    assert item is not None
    assert item.value == {"v": 2}


async def test_a_large_and_deep_value_comes_back_whole(store: LongroomStore) -> None:
    deep: Any = "leaf"
    for _ in range(12):
        deep = {"in": [deep]}
    values = [{"text": "wörd " * 3_000, "n": [1.5, None]}, {"deep": deep}, {"n": 2**70}]
    values.append({"text": "with NUL \x00 and \ud800", "more": ""})
    for number, value in enumerate(values):
        await store.aput(ADA, str(number), value)

    found = [await store.aget(ADA, str(number)) for number in range(len(values))]
    assert [item and item.value for item in found] == values


async def test_two_processes_see_each_other_s_items(conversation: ConversationClient) -> None:
    one, other = LongroomStore(conversation), LongroomStore(conversation)
    await asyncio.gather(*(one.aput(ADA, f"a{n}", {"n": n}) for n in range(5)))
    await asyncio.gather(*(other.aput(ADA, f"b{n}", {"n": n}) for n in range(5)))

    assert len(await one.asearch(ADA, limit=50)) == len(await other.asearch(ADA, limit=50)) == 10


async def test_other_threads_may_use_it_and_the_event_loop_is_warned(store: LongroomStore) -> None:
    await asyncio.to_thread(store.put, ADA, "k", {"v": 1})
    item = await asyncio.to_thread(store.get, ADA, "k")

    assert item is not None
    assert item.value == {"v": 1}
    with pytest.raises(RuntimeError, match="aget"):
        store.get(ADA, "k")


async def test_a_namespace_that_is_none_is_refused(store: LongroomStore) -> None:
    with pytest.raises(InvalidNamespaceError):
        await store.abatch([PutOp(("users.ada",), "k", {"v": 1})])


async def test_what_is_erased_is_no_item_any_more(
    conversation: ConversationClient, store: LongroomStore
) -> None:
    await store.aput(ADA, "code", {"fact": "The gate code is 7741."})
    await store.aput(ADA, "boat", {"fact": "The boathouse is red."})
    assert await store.aget(ADA, "code") is not None
    messages = {str(m.content): m.id async for m in conversation.messages()}
    (code,) = [id_ for content, id_ in messages.items() if "7741" in content]
    await conversation.erase_message(code)
    assert await store.aget(ADA, "code") is None
    assert await store.aget(ADA, "boat") is not None
    await conversation.erase()
    with pytest.raises(BackendRejected):
        await store.aget(ADA, "boat")
    assert store._log.namespaces() == set()
