"""One caller, or one conversation, that asks for too much; and what the others feel of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import Message

from backend_stub.access.caller_limits import CallerLimits
from backend_stub.access.rates import BURST_S
from backend_stub.app import API, create_app
from backend_stub.settings import BackendSettings, RateSettings
from longroom.client import BackendUnavailable, LongroomClient
from longroom.transfer.batches import Batch
from longroom.transfer.importer import Importer
from longroom.transfer.lines import Read
from retrieval.settings import DatabaseSettings
from retrieval.store.api_keys import create_key
from retrieval.wire import ImportedMessage
from tests.support.refusals import refused
from tests.support.wire_examples import message

SERVICE = "a key for the tests"
FEW = RateSettings(
    key_requests_s=2,
    token_requests_s=1,
    conversation_requests_s=0,
    key_bytes_s=10_000,
    token_bytes_s=1_000,
    key_streams=2,
    token_streams=1,
    conversation_streams=3,
)


class Limited:
    """A backend in this process, and requests to it."""

    def __init__(self, app: FastAPI, db: asyncpg.Pool) -> None:
        self.app = app
        self.db = db
        self.transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(
            transport=self.transport, base_url=f"http://127.0.0.1{API}", timeout=30
        )

    async def key(self, name: str) -> str:
        return (await create_key(self.db, name=name, scopes=["agent"])).text

    async def conversation(self) -> UUID:
        made = await self.ask("POST", "/conversations", json={"key": uuid4().hex})
        return UUID(made.json()["conversation_id"])

    async def token(self, conversation_id: UUID, subject: str) -> str:
        wanted = {"subject": subject, "permissions": ["read", "search", "append"]}
        path = f"/conversations/{conversation_id}/tokens"
        return str((await self.ask("POST", path, json=wanted)).json()["token"])

    async def ask(
        self, method: str, path: str, credential: str = SERVICE, **options: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {credential}"}
        return await self.http.request(method, path, headers=headers, **options)

    async def read(self, conversation_id: UUID, credential: str) -> httpx.Response:
        return await self.ask("GET", f"/conversations/{conversation_id}/messages", credential)

    async def append(self, conversation_id: UUID, credential: str, size: int) -> httpx.Response:
        said = message(id=uuid4().hex, content="x" * size)
        path = f"/conversations/{conversation_id}/messages"
        return await self.ask("POST", path, credential, json={"messages": [said]})

    async def use_up(self, conversation_id: UUID, credential: str) -> int:
        """Reads until it is refused; how many it was."""
        for done in range(1000):
            response = await self.read(conversation_id, credential)
            if response.status_code != 200:
                assert refused(response, 429)
                assert 1 <= int(response.headers["Retry-After"]) <= BURST_S
                return done
        raise AssertionError("nothing was refused")


class Starter:
    def __init__(self, stack: AsyncExitStack, db: asyncpg.Pool, url: str) -> None:
        self._stack = stack
        self._db = db
        self._url = url

    async def start(self, rates: RateSettings, **settings: Any) -> Limited:
        given = {"service_key": SecretStr(SERVICE), **settings}
        app = create_app(
            BackendSettings(
                database=DatabaseSettings(url=self._url),
                embedding_worker=False,
                token_secret=SecretStr("signs the tokens of these tests alone"),
                rates=rates,
                **given,
            )
        )
        manager = LifespanManager(app, startup_timeout=60, shutdown_timeout=60)
        await self._stack.enter_async_context(manager)
        return Limited(app, self._db)


@pytest.fixture
async def starter(db: asyncpg.Pool, database_url: str) -> AsyncIterator[Starter]:
    async with AsyncExitStack() as stack:
        yield Starter(stack, db, database_url)


async def test_a_key_that_asks_too_often_waits_and_no_other_does(starter: Starter) -> None:
    backend = await starter.start(FEW)
    here = await backend.conversation()
    loud, calm = await backend.key("loud"), await backend.key("calm")

    done = await backend.use_up(here, loud)

    assert done == pytest.approx(FEW.key_requests_s * BURST_S, abs=3)
    answer = await backend.read(here, loud)
    assert "BACKEND_KEY_REQUESTS_S" in refused(answer, 429).detail
    assert (await backend.read(here, calm)).status_code == 200
    assert (await backend.read(here, SERVICE)).status_code == 200


async def test_subjects_of_tokens_have_each_their_own_and_none_of_the_key(
    starter: Starter,
) -> None:
    backend = await starter.start(FEW)
    here, other = await backend.conversation(), await backend.conversation()
    ada = await backend.token(here, "ada")

    done = await backend.use_up(here, ada)

    assert done == pytest.approx(FEW.token_requests_s * BURST_S, abs=3)
    # Another token of hers is no way around.
    again = await backend.read(here, await backend.token(here, "ada"))
    assert "BACKEND_TOKEN_REQUESTS_S" in refused(again, 429).detail
    assert (await backend.read(here, await backend.token(here, "grace"))).status_code == 200
    assert (await backend.read(other, await backend.token(other, "ada"))).status_code == 200


async def test_browsers_together_do_not_use_up_what_keys_have_in_a_conversation(
    starter: Starter,
) -> None:
    rates = RateSettings(token_requests_s=0, conversation_requests_s=2)
    backend = await starter.start(rates)
    here, other = await backend.conversation(), await backend.conversation()

    await backend.use_up(here, await backend.token(here, "ada"))
    refusal = await backend.read(here, await backend.token(here, "grace"))

    assert "BACKEND_CONVERSATION_REQUESTS_S" in refused(refusal, 429).detail
    assert (await backend.read(here, SERVICE)).status_code == 200
    assert await backend.use_up(here, SERVICE) > 0
    assert (await backend.read(other, SERVICE)).status_code == 200


async def test_bytes_are_counted_and_one_large_body_still_passes(starter: Starter) -> None:
    backend = await starter.start(FEW)
    here, key = await backend.conversation(), await backend.key("agent")
    ada = await backend.token(here, "ada")

    assert (await backend.append(here, ada, 30_000)).status_code == 200
    refusal = await backend.append(here, ada, 1)

    assert "BACKEND_TOKEN_BYTES_S" in refused(refusal, 429).detail
    assert int(refusal.headers["Retry-After"]) == pytest.approx(20, abs=3)
    assert (await backend.append(here, await backend.token(here, "hal"), 1)).status_code == 403
    assert (await backend.append(here, key, 1)).status_code == 200


async def test_who_has_no_key_leaves_no_entry(starter: Starter) -> None:
    backend = await starter.start(FEW)
    here = await backend.conversation()
    limits: CallerLimits = backend.app.state.limits
    known = len(limits._conversation.requests), len(limits._key.requests)

    for number in range(50):
        wrong = f"lr_{number:012x}_{'0' * 64}"
        refused(await backend.read(uuid4(), wrong), 401)
        refused(await backend.read(here, f"a{number}.b.c"), 401)

    after = len(limits._conversation.requests), len(limits._key.requests)
    assert after == known


async def test_reports_of_workers_are_always_taken(starter: Starter) -> None:
    """One that is refused would count as dead, and its rooms get other agents."""
    backend = await starter.start(FEW)
    here = await backend.conversation()
    key = await backend.key("agent")
    await backend.use_up(here, key)

    for _ in range(30):
        assert (await backend.ask("PUT", "/workers/longroom/w1", key)).status_code == 204


async def test_an_open_backend_has_limits_by_conversation_alone(starter: Starter) -> None:
    backend = await starter.start(FEW, service_key=None)
    here = await backend.conversation()

    for _ in range(40):
        assert (await backend.read(here, "anything")).status_code == 200


class Reader:
    """Reads an export only as far as it is told to."""

    def __init__(self, backend: Limited, conversation_id: UUID, credential: str) -> None:
        self.status = 0
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.left = asyncio.Event()
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"{API}/conversations/{conversation_id}/export",
            "raw_path": b"",
            "query_string": b"",
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"authorization", f"Bearer {credential}".encode()),
            ],
        }
        self.task = asyncio.create_task(backend.app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, part: Message) -> None:
        if part["type"] == "http.response.start":
            self.status = part["status"]
        elif part.get("body"):
            self.begun.set()
            await self.goes_on.wait()

    async def start(self) -> int:
        await asyncio.wait_for(self.begun.wait(), 20)
        return self.status

    async def end(self) -> None:
        self.goes_on.set()
        await asyncio.wait_for(self.task, 20)

    async def leave(self) -> None:
        self.left.set()
        await asyncio.wait_for(self.task, 20)


@pytest.mark.parametrize("ending", ["read to its end", "left in the midst"])
async def test_exports_are_counted_until_they_end(starter: Starter, ending: str) -> None:
    backend = await starter.start(FEW)
    here = await backend.conversation()
    assert (await backend.append(here, SERVICE, 100)).status_code == 200
    ada = await backend.token(here, "ada")

    first = Reader(backend, here, ada)
    assert await first.start() == 200
    second = await backend.ask("GET", f"/conversations/{here}/export", ada)
    assert "BACKEND_TOKEN_STREAMS" in refused(second, 429).detail
    assert int(second.headers["Retry-After"]) > 0
    await (first.end() if ending == "read to its end" else first.leave())

    third = await backend.ask("GET", f"/conversations/{here}/export", ada)
    assert third.status_code == 200
    # An export that never begins is none.
    for _ in range(5):
        refused(await backend.ask("GET", f"/conversations/{uuid4()}/export"), 404)
    fourth = await backend.ask("GET", f"/conversations/{here}/export", ada)
    assert fourth.status_code == 200


async def test_a_client_is_told_how_long_to_wait(starter: Starter) -> None:
    backend = await starter.start(FEW)
    here = await backend.conversation()
    key = await backend.key("agent")
    await backend.use_up(here, key)

    async with LongroomClient("http://127.0.0.1", key=key, transport=backend.transport) as client:
        with pytest.raises(BackendUnavailable) as refusal:
            await client.open(here).recent()

    assert refusal.value.retry_after_s is not None
    assert refusal.value.retry_after_s >= 1


async def test_an_import_above_the_limit_takes_longer_and_loses_nothing(starter: Starter) -> None:
    backend = await starter.start(RateSettings(key_bytes_s=20_000))
    here = await backend.conversation()
    key = await backend.key("import")
    async with LongroomClient("http://127.0.0.1", key=key, transport=backend.transport) as client:
        importer = Importer(client, here, retry_delays_s=(0.0,) * 7)
        for number in range(5):
            said = ImportedMessage(**message(id=str(number), content="x" * 60_000))
            batch = Batch(messages=[Read(number, b"", said)])
            assert (await importer.store(batch)).stored == 1

    page = (await backend.read(here, SERVICE)).json()
    assert page["message_count"] == 5
    refused(await backend.append(here, key, 9_000), 429)
