"""Batches are stored in order; refused messages are rejected, lost ones sent again."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from agent.backend_client import BackendClient
from longroom.client import BackendRejected, BackendUnavailable
from longroom.transfer.batches import Batch
from longroom.transfer.importer import Importer
from longroom.transfer.lines import Read
from retrieval.wire import ImportedMessage, MessageId

ROOM = uuid4()
Answer = Callable[[list[str]], httpx.Response | None]


class PickyBackend:
    """Stores messages in memory; refuses whole batches as a real one does."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.stored: dict[str, str] = {}
        self.requests = 0
        self._answer = answer

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        messages = orjson.loads(await request.aread())["messages"]
        if self._answer and (refusal := self._answer([m["content"] for m in messages])):
            return refusal
        taken = [
            m["id"] for m in messages if self.stored.get(m["id"], m["content"]) != m["content"]
        ]
        if taken:
            return problem(409, ids=taken)
        outcomes = []
        for seq, message in enumerate(messages, start=1):
            status = "duplicate" if message["id"] in self.stored else "stored"
            self.stored[message["id"]] = message["content"]
            outcomes.append({"id": message["id"], "seq": seq, "status": status})
        return httpx.Response(200, json={"outcomes": outcomes})


def _texts(messages: list[dict[str, str]]) -> dict[str, str]:
    return {message["id"]: message["content"] for message in messages}


def problem(
    status: int, *, ids: list[str] | None = None, errors: dict[str, str] | None = None
) -> httpx.Response:
    body = {
        "title": "Refused",
        "status": status,
        "detail": "not so",
        "ids": ids or [],
        "errors": [{"field": field, "message": why} for field, why in (errors or {}).items()],
    }
    return httpx.Response(status, json=body)


def batch(*contents: str) -> Batch:
    found = Batch()
    for number, content in enumerate(contents, start=1):
        message = ImportedMessage(
            id=MessageId(f"m-{number}"),
            role="user",
            participant="Hal",
            content=content,
            created_at=datetime(2025, 1, 16, tzinfo=UTC),
        )
        found.add(Read(number, content.encode(), message))
    return found


def importer(backend: PickyBackend, *, room: UUID = ROOM) -> Importer:
    client = BackendClient("http://backend", transport=httpx.MockTransport(backend))
    return Importer(client, room, retry_delays_s=(0.0, 0.0))


async def test_a_batch_imported_again_is_known_and_not_doubled() -> None:
    backend = PickyBackend()
    first = await importer(backend).store(batch("a", "b", "c"))
    again = await importer(backend).store(batch("a", "b", "c"))
    assert (first.stored, first.duplicates) == (3, 0)
    assert (again.stored, again.duplicates) == (0, 3)


async def test_a_taken_id_is_rejected_by_its_line_and_the_rest_is_stored() -> None:
    backend = PickyBackend()
    await importer(backend).store(batch("a", "b", "c"))
    outcome = await importer(backend).store(batch("a", "other words", "c", "d"))
    assert [rejected.line for rejected in outcome.rejected] == [2]
    assert "'m-2' is taken by another message" in outcome.rejected[0].reason
    assert (outcome.stored, outcome.duplicates) == (1, 2)


async def test_a_message_the_backend_refuses_without_naming_it_is_found() -> None:
    def refuse_the_bad_one(contents: list[str]) -> httpx.Response | None:
        return problem(422) if "bad" in contents else None

    backend = PickyBackend(refuse_the_bad_one)
    outcome = await importer(backend).store(batch("a", "b", "c", "bad", "d", "e", "f"))
    assert [rejected.line for rejected in outcome.rejected] == [4]
    assert outcome.stored == 6
    assert list(backend.stored.values()) == ["a", "b", "c", "d", "e", "f"]


async def test_messages_that_the_backend_names_by_field_are_rejected_each_with_its_own_reason() -> (
    None
):
    def refuse_long_ones(contents: list[str]) -> httpx.Response | None:
        errors = {
            f"messages.{n}.content": f"{text!r} is too long"
            for n, text in enumerate(contents)
            if len(text) > 1
        }
        return problem(422, errors=errors) if errors else None

    backend = PickyBackend(refuse_long_ones)
    outcome = await importer(backend).store(batch("a", "bb", "c", "dd", "e"))
    assert [(each.line, each.reason.rpartition("; ")[2]) for each in outcome.rejected] == [
        (2, "messages.1.content: 'bb' is too long"),
        (4, "messages.3.content: 'dd' is too long"),
    ]
    assert all(each.reason.count("too long") == 1 for each in outcome.rejected)
    assert list(backend.stored.values()) == ["a", "c", "e"]
    assert backend.requests == 2


async def test_a_body_that_is_too_large_is_sent_in_parts() -> None:
    def at_most_two(contents: list[str]) -> httpx.Response | None:
        return problem(413) if len(contents) > 2 else None

    backend = PickyBackend(at_most_two)
    outcome = await importer(backend).store(batch("a", "b", "c", "d", "e"))
    assert outcome.stored == 5
    assert not outcome.rejected
    assert list(backend.stored.values()) == ["a", "b", "c", "d", "e"]


async def test_a_backend_that_comes_back_loses_nothing() -> None:
    backend = PickyBackend(lambda _: problem(503) if backend.requests < 3 else None)
    outcome = await importer(backend).store(batch("a", "b"))
    assert outcome.stored == 2


async def test_a_backend_that_stays_away_ends_the_import() -> None:
    backend = PickyBackend(lambda _: problem(503))
    with pytest.raises(BackendUnavailable):
        await importer(backend).store(batch("a"))
    assert backend.requests == 3


async def test_a_refused_key_ends_the_import_and_blames_no_line() -> None:
    with pytest.raises(BackendRejected, match="401"):
        await importer(PickyBackend(lambda _: problem(401))).store(batch("a", "b"))
