"""What the client sends, and how every failure comes out as one of three errors."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import httpx
import pytest

from longroom.client import (
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    LongroomClient,
)
from longroom.client.batches import batches
from retrieval.wire import MAX_BATCH_MESSAGES, SENT_WORDS, ConversationId, SearchRequest
from tests.support.builders import event, message, summary
from tests.support.fake_backend import FakeBackend

ROOM = UUID("7d5a6a0e-0000-4000-8000-000000000000")
Handler = Callable[[httpx.Request], httpx.Response]


def _client(handler: Handler, *, timeout_s: float = 5.0, key: str | None = None) -> LongroomClient:
    return LongroomClient(
        "http://backend/",
        key=key,
        timeout_s=timeout_s,
        transport=httpx.MockTransport(handler),
    )


async def _any_call(client: LongroomClient) -> None:
    try:
        await client.get_recent_messages(ROOM, limit=5)
    finally:
        await client.aclose()


async def test_every_verb_speaks_the_wire_contract() -> None:
    backend = FakeBackend()
    client = backend.client()
    room = await client.create_room("den", identity="ana")
    joined = await client.agent_joined("den", identity="a-1", session_id="s1", window=3)
    assert joined.conversation_id == room.conversation_id
    id_ = room.conversation_id
    await client.append_messages(id_, [message(1)])
    answer = message(3, "behind the fridge", role="assistant")
    saved = await client.save_conversation_turn(id_, [message(2), answer])
    assert [outcome.seq for outcome in saved.outcomes] == [2, 3]
    page = await client.get_recent_messages(id_, limit=2, before=3)
    assert [m.id for m in page.messages] == ["m1", "m2"]
    found = await client.search_conversation(id_, SearchRequest(query="fridge"))
    assert [hit.message.id for hit in found.hits] == ["m3"]
    assert (await client.record_events(id_, [event(1)])).recorded == 1
    await client.save_session("s/1", summary(ConversationId(id_)))
    assert list(backend.sessions) == ["s/1"]
    await client.aclose()


async def test_the_key_travels_in_the_header_and_nowhere_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(401)

    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(BackendRejected) as refused,
    ):
        await _any_call(_client(refuse, key="s3cret"))
    assert seen[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in str(seen[0].url) + caplog.text + str(refused.value)
    assert refused.value.status == 401


@pytest.mark.parametrize("name", ["a/b", "a?b#c", "ä ö", "%2e%2e", ".."])
async def test_a_hostile_room_name_stays_one_part_of_the_path(name: str) -> None:
    backend = FakeBackend()
    client = backend.client()
    await client.agent_joined(name, identity="a-1", session_id="s1", window=3)
    await client.aclose()
    assert list(backend.rooms) == [name]


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("hung up"),
        httpx.TooManyRedirects("round and round"),
        httpx.DecodingError("not gzip"),
    ],
)
async def test_no_error_of_httpx_leaves_the_client(error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(BackendUnavailable, match=type(error).__name__):
        await _any_call(_client(fail))


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429, 301])
async def test_what_may_pass_is_unavailable(status: int) -> None:
    with pytest.raises(BackendUnavailable) as unavailable:
        await _any_call(_client(lambda _: httpx.Response(status, headers={"Retry-After": "7"})))
    assert unavailable.value.retry_after_s == 7.0


async def test_a_refusal_says_which_field_and_why() -> None:
    problem = (
        '{"title": "Invalid", "status": 422, "detail": "not valid",'
        ' "errors": [{"field": "limit", "message": "must be at least 1"}]}'
    )
    with pytest.raises(BackendRejected, match=r"422.*not valid; limit: must be at least 1"):
        await _any_call(_client(lambda _: httpx.Response(422, content=problem)))


async def test_a_refusal_says_a_field_s_error_once() -> None:
    """As our backend words it: the detail is the first field's error."""
    problem = (
        '{"title": "Invalid", "status": 422, "detail": "room must be shorter (and 1 more)",'
        ' "errors": [{"field": "room", "message": "must be shorter"},'
        ' {"field": "limit", "message": "must be at least 1"}]}'
    )
    with pytest.raises(BackendRejected) as refused:
        await _any_call(_client(lambda _: httpx.Response(422, content=problem)))
    told = "room: must be shorter; limit: must be at least 1"
    assert str(refused.value) == f"the backend refused (422): {told}"


async def test_a_refusal_without_a_reason_is_still_a_refusal() -> None:
    with pytest.raises(BackendRejected, match="403"):
        await _any_call(_client(lambda _: httpx.Response(403, content=b"<html>")))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"messages": 1}', b"\xff"])
async def test_an_answer_of_another_type_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(BackendProtocolError, match="MessagePage"):
        await _any_call(_client(lambda _: httpx.Response(200, content=body)))


class Drip(httpx.AsyncByteStream):
    """A body without end whose bytes each arrive within a timeout per read."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)


async def test_the_deadline_covers_the_whole_call() -> None:
    client = _client(lambda _: httpx.Response(200, stream=Drip()), timeout_s=0.1)
    with pytest.raises(BackendUnavailable, match=r"within 0\.1 s"):
        await _any_call(client)


async def test_a_connection_that_died_in_the_pool_is_replaced() -> None:
    calls = 0

    def hang_up_once(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise httpx.RemoteProtocolError("Server disconnected")
        return httpx.Response(200, content='{"messages": [], "message_count": 0}')

    await _any_call(_client(hang_up_once))
    assert calls == 2


async def test_an_unknown_conversation_is_a_refusal() -> None:
    client = FakeBackend().client()
    with pytest.raises(BackendRejected, match="404"):
        await client.get_recent_messages(uuid4(), limit=1)
    await client.aclose()


def test_batches_keep_to_the_number_of_messages_and_of_words() -> None:
    long = "w " * (SENT_WORDS // 2)
    texts = ["a"] * (MAX_BATCH_MESSAGES + 1) + [long, long, "w " * (2 * SENT_WORDS), "b"]
    history = [message(number, text) for number, text in enumerate(texts)]

    found = list(batches(history))

    assert [len(batch) for batch in found] == [MAX_BATCH_MESSAGES, 2, 1, 1, 1]
    assert [one for batch in found for one in batch] == history


async def test_every_attempt_of_a_request_passes_where_it_can_be_overridden() -> None:
    seen: list[str] = []

    class Signing(LongroomClient):
        async def send(self, request: httpx.Request) -> httpx.Response:
            request.headers["X-Signed"] = "yes"
            return await super().send(request)

    def hang_up_once(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["X-Signed"])
        if len(seen) == 1:
            raise httpx.ReadError("hung up")
        return httpx.Response(200, content='{"messages": [], "message_count": 0}')

    await _any_call(Signing("http://backend", transport=httpx.MockTransport(hang_up_once)))

    assert seen == ["yes", "yes"]
