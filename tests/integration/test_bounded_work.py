"""However long a request's texts are, others are answered meanwhile."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from agent.backend_client import BackendClient
from longroom.transfer.batches import Batch
from longroom.transfer.importer import Importer
from longroom.transfer.lines import Read
from retrieval.wire import MAX_BATCH_WORDS, MAX_QUERY_CHARS, ImportedMessage, counted_words
from testbed.backend_process import running_backend
from tests.support.loop_lag import meanwhile
from tests.support.wire_examples import message

FEW_WORDS = 2_000
"""Limit of the backend with a limit of its own."""


@pytest.fixture(scope="module")
def url(database: str) -> Iterator[str]:
    with running_backend({"DATABASE_URL": database}) as served:
        yield f"{served}/api/v1"


@pytest.fixture
async def api(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        yield client


async def room(api: httpx.AsyncClient) -> str:
    created = await api.post("/rooms", json={"name": f"room {uuid4()}"})
    return f"/conversations/{created.json()['conversation_id']}"


def words(count: int, *, start: int = 0) -> str:
    """All different, and none known before."""
    letters = "abcdefghijklmnop"
    return " ".join(
        "".join(letters[(start + number) >> shift & 15] for shift in (12, 8, 4, 0)) + "word"
        for number in range(count)
    )


LONG = {
    "words": words(5_000),
    "Chinese": "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(20_000)),
    "Thai": "".join(chr(0x0E01 + number * 31 % 45) for number in range(20_000)),
    "numbers": " ".join(str(number * 7919) for number in range(4_000)),
    "dots": "." * 60_000,
    "question marks": "?" * 60_000,
    "lines": "a\n" * 30_000,
    "combining marks": "a" + "\u0301\u0323" * 30_000,
    "ligatures": "\ufdfa" * 4_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
async def test_while_a_long_message_is_stored_others_are_answered(
    api: httpx.AsyncClient, text: str
) -> None:
    path = await room(api)
    stored, others = await meanwhile(
        api.post(f"{path}/messages", json={"messages": [message(content=text)]}),
        lambda: api.get("/healthz"),
    )

    assert stored.status_code == 200
    assert others.answers >= 3
    assert others.longest_share < 0.7


async def test_while_thousands_of_words_are_stored_other_rooms_are_searched(
    api: httpx.AsyncClient,
) -> None:
    other, path = await room(api), await room(api)
    await api.post(f"{other}/messages", json={"messages": [message(content="The pump leaks.")]})
    batch = [
        message(id=f"m{number}", content=words(170, start=number * 170)) for number in range(100)
    ]

    async def search() -> None:
        found = await api.post(f"{other}/search", json={"query": f"the pump {uuid4()}"})
        assert found.json()["hits"]

    stored, others = await meanwhile(api.post(f"{path}/messages", json={"messages": batch}), search)

    assert stored.status_code == 200
    assert others.answers >= 3
    assert others.longest_share < 0.7


async def test_a_batch_of_too_many_words_is_refused_with_the_limit_and_the_remedy(
    api: httpx.AsyncClient,
) -> None:
    path = await room(api)
    batch = [message(id=f"m{number}", content=words(900)) for number in range(480)]

    refused = await api.post(f"{path}/messages", json={"messages": batch})

    assert refused.status_code == 413
    assert str(MAX_BATCH_WORDS) in refused.json()["detail"]
    assert "fewer" in refused.json()["detail"]
    page = await api.get(f"{path}/messages")
    assert page.json()["message_count"] == 0


MANY_VALUES = {
    "lists": b'{"messages": [' + b"[]," * 1_000_000 + b"[]]}",
    "unknown fields": b"{" + b",".join(b'"%d":1' % n for n in range(300_000)) + b"}",
    "nested": b'{"messages":[{"metadata":{"a":[' + b"[]," * 1_000_000 + b"[]]}}]}",
    "unfinished text": b'{"a":[' + b"1," * 70_000 + b'"' + b'\\"' * 1_000_000,
    "many fields of many messages": (
        b'{"messages":[' + b",".join([b"{" + b'"a":1,' * 40 + b'"b":1}'] * 480) + b"]}"
    ),
}


@pytest.mark.parametrize("body", MANY_VALUES.values(), ids=MANY_VALUES.keys())
async def test_a_body_of_very_many_values_is_refused_unread(
    api: httpx.AsyncClient, body: bytes
) -> None:
    path = await room(api)
    headers = {"Content-Type": "application/json"}

    refused = await api.post(f"{path}/messages", content=body, headers=headers)

    assert refused.status_code == 413
    assert "values" in refused.json()["detail"]


async def test_commas_in_texts_are_no_values(api: httpx.AsyncClient) -> None:
    path = await room(api)
    body = json.dumps({"messages": [message(content='1,2,[3],{4},"5"\\,' * 3_500)]})

    stored = await api.post(
        f"{path}/messages", content=body, headers={"Content-Type": "application/json"}
    )

    assert stored.status_code == 200


async def test_a_query_that_is_too_long_is_refused_with_the_limit(
    api: httpx.AsyncClient,
) -> None:
    path = await room(api)

    longest = await api.post(f"{path}/search", json={"query": "a" * MAX_QUERY_CHARS})
    refused = await api.post(f"{path}/search", json={"query": "a" * (MAX_QUERY_CHARS + 1)})

    assert longest.status_code == 200
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["query"]
    assert str(MAX_QUERY_CHARS) in refused.json()["detail"]


async def test_a_search_among_long_messages_holds_nobody_up(api: httpx.AsyncClient) -> None:
    path = await room(api)
    for number, text in enumerate(["«" * 60_000, "„a " * 20_000, words(6_000), "not a " * 9_000]):
        for role in ("user", "assistant"):
            said = message(id=f"{role}{number}", role=role, content=f"pump {text}")
            await api.post(f"{path}/messages", json={"messages": [said]})

    found, others = await meanwhile(
        api.post(f"{path}/search", json={"query": "who has the pump now", "limit": 100}),
        lambda: api.get("/healthz"),
    )

    assert found.json()["hits"]
    assert others.answers >= 3
    assert others.longest_share < 0.7


@pytest.fixture(scope="module")
def strict_url(database: str) -> Iterator[str]:
    """Of a backend that takes fewer words than clients expect."""
    with running_backend({"DATABASE_URL": database, "BACKEND_BATCH_WORDS": str(FEW_WORDS)}) as url:
        yield url


@pytest.fixture
async def strict(strict_url: str) -> AsyncIterator[BackendClient]:
    client = BackendClient(strict_url, timeout_s=30)
    yield client
    await client.aclose()


async def test_clients_split_their_batches_for_a_backend_with_a_lower_limit(
    strict: BackendClient,
) -> None:
    created = await strict.create_room(f"room {uuid4()}")
    texts = [words(900, start=number) for number in range(12)]
    lines = [_line(number, text) for number, text in enumerate(texts, start=1)]

    outcome = await Importer(strict, created.conversation_id).store(Batch(messages=lines))

    assert (outcome.stored, outcome.rejected) == (12, [])
    page = await strict.get_recent_messages(created.conversation_id, limit=50, order="arrival")
    assert [one.content for one in page.messages] == texts


async def test_a_single_message_is_never_too_long_to_be_sent(strict: BackendClient) -> None:
    created = await strict.create_room(f"room {uuid4()}")
    longest = ImportedMessage.model_validate(message(content="a " * 32_768))
    assert counted_words(longest.content) > FEW_WORDS

    result = await strict.append_messages(created.conversation_id, [longest])

    assert [one.status for one in result.outcomes] == ["stored"]


def _line(number: int, text: str) -> Read:
    fields: dict[str, Any] = message(id=f"m{number}", content=text)
    return Read(number, b"", ImportedMessage.model_validate(fields))
