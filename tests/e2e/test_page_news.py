"""The list of rooms over real HTTP: hostile names, filters, figures, and news by events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html import escape

import asyncpg
import httpx
import pytest

from retrieval.database.pool import connect
from testbed.backend_process import BackendProcess, running_backend
from tests.support.wire_examples import message

SERVICE_KEY = "a service key for these tests"
CSRF = "X-Longroom-CSRF"
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "{{ 7*7 }}{% include 'pages/error.html' %}",
    "../../api/v1/rooms?#",
    "javascript:alert(1)",
    "‮ evil",
    "' hx-get='/x' hx-trigger='load",
]


@pytest.fixture(scope="module")
def backend(database: str) -> Iterator[str]:
    """Open, on loopback."""
    with running_backend({"DATABASE_URL": database}, forked=True) as url:
        yield url


@pytest.fixture
async def browser(backend: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Origin": backend, "Accept": "text/html"}
    async with httpx.AsyncClient(base_url=backend, headers=headers, timeout=30) as client:
        yield client


async def room(api: httpx.AsyncClient, name: str) -> str:
    response = await api.post("/api/v1/rooms", json={"name": name})
    assert response.status_code in (200, 201), response.text
    conversation_id: str = response.json()["conversation_id"]
    return conversation_id


async def say(api: httpx.AsyncClient, conversation_id: str, id_: str) -> None:
    sent = await api.post(
        f"/api/v1/conversations/{conversation_id}/messages",
        json={"messages": [message(id=id_, content="a line")]},
    )
    assert sent.status_code == 200, sent.text


@asynccontextmanager
async def events_of(
    browser: httpx.AsyncClient, path: str = "/inspect/events"
) -> AsyncIterator[AsyncIterator[str]]:
    async with browser.stream("GET", path, timeout=60) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield response.aiter_lines()


async def heard(lines: AsyncIterator[str], wanted: str) -> None:
    async with asyncio.timeout(40):
        async for line in lines:
            if line == wanted:
                return
    raise AssertionError(f"the stream ended without {wanted!r}")


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_stays_text(browser: httpx.AsyncClient, name: str) -> None:
    await room(browser, name)

    for path in ("/inspect", "/inspect/rooms"):
        text = (await browser.get(path, params={"name": name})).text
        assert (name in text) == (escape(name) == name)
        assert f"<bdi>{escape(name)}</bdi></a>" in text.replace("&#34;", "&quot;").replace(
            "&#39;", "&#x27;"
        )
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<bdi>49" not in text
        assert " hx-trigger='load" not in text
        assert 'href="javascript:' not in text


async def test_the_list_is_filtered_and_htmx_gets_the_list_alone(
    browser: httpx.AsyncClient,
) -> None:
    for name in ("garden of one", "garden of two", "kitchen"):
        await room(browser, name)

    whole = await browser.get("/inspect", params={"name": "GARDEN"})
    part = await browser.get(
        "/inspect/rooms",
        params={"name": "garden of", "active": "1h"},
        headers={"HX-Request": "true"},
    )
    nothing = await browser.get("/inspect", params={"name": "no such room"})

    assert "garden of one" in whole.text
    assert "kitchen" not in whole.text
    assert part.text.lstrip().startswith('<section id="rooms"')
    assert part.headers["hx-replace-url"] == "/inspect?name=garden+of&active=1h"
    assert "No room is like that" in nothing.text
    assert (await browser.get("/inspect", params={"active": "x"})).status_code == 422


async def test_the_figures_of_turns_come_in_steps(
    browser: httpx.AsyncClient, database: str
) -> None:
    conversation_id = await room(browser, "figures")
    tables: asyncpg.Pool = await connect(database)
    for number in range(20):
        await tables.execute(
            """insert into turn_trace (conversation_id, question_id, asked_at, ended_at, outcome,
                   source, degraded, search_ms, added_ms, figures, recall, mentions)
               values ($1, $2, now() - interval '1 minute', now(), 'answered', 'fresh', $3, $4, $5,
                       '{}', '{}', '{}')""",
            conversation_id,
            f"q{number}",
            "late" if number < 3 else None,
            float(number),
            float(number * 2),
        )
    await tables.close()

    for span in ("6h", "24h", "7d", "30d"):
        asked = {"span": span, "conversation": conversation_id}
        found = (await browser.get("/inspect/figures", params=asked)).json()
        assert {len(column) for column in found.values()} <= {*range(70, 125)}
        assert len({len(column) for column in found.values()}) == 1
        assert (sum(found["turns"]), sum(found["degraded"])) == (20, 3)
        assert max(value for value in found["added_p95_ms"] if value is not None) in range(30, 39)
    assert (await browser.get("/inspect/figures", params={"span": "1y"})).status_code == 422


async def test_news_is_told_to_all_who_watch_it(browser: httpx.AsyncClient) -> None:
    watched, other = await room(browser, "watched"), await room(browser, "other")
    await say(browser, watched, "m0")

    async with (
        events_of(browser) as all_rooms,
        events_of(browser, f"/inspect/events?conversation={watched}") as one,
        events_of(browser, f"/inspect/events?conversation={other}") as quiet,
    ):
        for stream in (all_rooms, one, quiet):
            await heard(stream, "event: news")  # since the page was drawn, for all it knows
        await say(browser, watched, "m1")
        await heard(one, "event: news")
        await heard(all_rooms, "event: news")
        await heard(quiet, ": here")


async def test_streams_end_with_the_backend_and_do_not_hold_it_up(database: str) -> None:
    with BackendProcess({"DATABASE_URL": database}, forked=True) as backend:
        async with httpx.AsyncClient(base_url=backend.url()) as browser:
            async with events_of(browser) as lines:
                assert await anext(lines) == "retry: 3000"
                began = time.monotonic()
                stopping = asyncio.create_task(asyncio.to_thread(backend.stop))
                async for _ in lines:
                    pass
                took_s = time.monotonic() - began
            assert await stopping == 0
        assert "cancelled" not in backend.log()
    assert took_s < 8  # the drain alone would take ten


async def test_a_stream_ends_with_its_session(database: str) -> None:
    env = {"DATABASE_URL": database, "BACKEND_SERVICE_KEY": SERVICE_KEY}
    with running_backend(env, forked=True) as url:
        async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as browser:
            signed = await browser.post("/inspect/sign-in", data={"key": SERVICE_KEY})
            assert signed.status_code == 303
            text = (await browser.get("/inspect")).text
            token = text.partition('name="longroom-csrf" content="')[2].partition('"')[0]
            async with events_of(browser) as lines:
                await anext(lines)
                await browser.post("/inspect/sign-out", headers={CSRF: token})
                await heard(lines, "event: end")


async def test_an_open_backend_answers_its_own_pages_alone(
    browser: httpx.AsyncClient, backend: str
) -> None:
    assert (await browser.get("/inspect")).status_code == 200
    rebound = await browser.get("/inspect", headers={"Host": "rebound.example"})
    assert rebound.status_code == 403
    stolen = await browser.get(
        "/inspect/figures", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    )
    assert stolen.status_code == 403
    assert "access-control-allow-origin" not in stolen.headers
    for headers in ({"Origin": "https://elsewhere.example", CSRF: "open"}, {"Origin": backend}):
        refused = await browser.post("/inspect/sign-out", headers=headers)
        assert refused.status_code == 403
    assert (await browser.get("/inspect/sign-in")).headers["location"] == "/inspect"


async def test_without_pages_there_is_none(database: str) -> None:
    env = {"DATABASE_URL": database, "BACKEND_PAGES": "false"}
    with BackendProcess(env, forked=True) as backend:
        async with httpx.AsyncClient(base_url=backend.url()) as browser:
            for path in ("/inspect", "/inspect/sign-in", "/inspect/events", "/room/x"):
                assert (await browser.get(path)).status_code == 404
            health = json.loads((await browser.get("/api/v1/healthz")).text)
        assert health
        backend.stop()
        assert "inspect" not in backend.rest_of_output()
