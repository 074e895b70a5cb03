"""One conversation's pages over real HTTP: timeline, traces, search, evidence, export, erasure."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from backend_stub.access.keyring import MISSED_S
from longroom.evaluation.evaluate import Plan, evaluate
from retrieval.database.pool import connect
from retrieval.store.api_keys import create_key
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages
from retrieval.store.sessions import save_session
from retrieval.store.turn_traces import record_turns
from retrieval.wire import (
    BlockFrame,
    ConversationId,
    ShownMessage,
    TraceHit,
    TurnTrace,
)
from testbed.backend_process import running_backend
from tests.support.builders import NOON, event, message, summary
from tests.support.fakes import HashEmbedder

KEY = "a service key for these tests"
TOKEN = re.compile(r'<meta name="longroom-csrf" content="([0-9a-f]{64})">')
FORBIDDEN = {"style", "onerror", "onload", "onclick"}
EVIL = "\"><img src=x onerror='alert(1)'><script>alert(1)</script>{{ 7*7 }}"


@pytest.fixture(scope="module")
def backend(database: str) -> Iterator[str]:
    env = {"DATABASE_URL": database, "BACKEND_SERVICE_KEY": KEY}
    with running_backend(env, forked=True) as url:
        yield url


@pytest.fixture
async def tables(database: str, backend: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await connect(database)
    yield pool
    await pool.close()


@pytest.fixture
async def operator(backend: str, tables: asyncpg.Pool) -> AsyncIterator[httpx.AsyncClient]:
    key = await create_key(tables, name=f"operator {uuid4()}", scopes=["operator"])
    async with httpx.AsyncClient(
        base_url=backend, headers={"Origin": backend, "Accept": "text/html"}, timeout=60
    ) as client:
        await asyncio.sleep(MISSED_S)  # so long a new key may be refused
        signed_in = await client.post("/inspect/sign-in", data={"key": key.text})
        assert signed_in.status_code == 303
        found = TOKEN.search((await client.get("/inspect")).text)
        assert found is not None
        client.headers["X-Longroom-CSRF"] = found[1]
        yield client


async def room(backend: str, name: str) -> ConversationId:
    async with httpx.AsyncClient(
        base_url=backend, headers={"Authorization": f"Bearer {KEY}"}
    ) as api:
        made = await api.post("/api/v1/rooms", json={"name": name})
        assert made.status_code in (200, 201), made.text
        return ConversationId(UUID(made.json()["conversation_id"]))


async def harbour(backend: str, tables: asyncpg.Pool, name: str) -> ConversationId:
    """Four messages, a traced question, a session and an event."""
    conversation_id = await room(backend, name)
    await append_messages(
        tables,
        conversation_id=conversation_id,
        messages=[
            message(1, f"the harbour opens at nine {EVIL}", participant=EVIL),
            message(2, "the ferry is late"),
            message(3, "when does the harbour open?"),
            message(4, "At nine.", participant="agent", role="assistant"),
        ],
    )
    await record_turns(tables, conversation_id=conversation_id, traces=[trace_of("m3")])
    await save_session(tables, session_id="s1", summary=summary(conversation_id))
    await record_events(tables, conversation_id=conversation_id, events=[event(1, figure=90210)])
    return conversation_id


def trace_of(question_id: str) -> TurnTrace:
    return TurnTrace(
        question_id=question_id,
        participant="ana",
        asked_at=NOON + timedelta(minutes=3),
        ended_at=NOON + timedelta(minutes=4),
        outcome="answered",
        source="speculation",
        relevant=True,
        confidence=0.8,
        message_count=2,
        search_ms=31.0,
        added_ms=2.0,
        reply_ms=900.0,
        hits=[
            TraceHit(
                message_id="m1",
                score=2.5,
                parts={"meaning": 1.5, "words": 1.25, "repeat": -0.25},
                found_by=["vector", "lexical"],
                excerpt=(4, 11),
            ),
            TraceHit(message_id="m2", score=0.5, parts={"meaning": 0.5}, found_by=["vector"]),
        ],
        shown=[ShownMessage(message_id="m1")],
        cut=["m2"],
        block=BlockFrame(nonce="ab12", now=NOON, time_zone="UTC", role="user"),
    )


def attributes(page: str) -> set[str]:
    """Names of all tags' attributes: Jinja writes no quote into a value."""
    plain = re.sub(r'"[^"]*"', "", page)
    return {
        name
        for tag in re.findall(r"<[a-z][^>]*>", plain)
        for name in re.findall(r"\s([a-z-]+)=", tag)
    }


def text_of(page: str) -> str:
    """What is read of it: tags are gone, and what was escaped is as it was written."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def cursors(page: str) -> dict[str, str]:
    return dict(re.findall(r'data-(before|after|newest)="([^"]*)"', page))


async def test_the_timeline_is_read_both_ways_and_jumped_in(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool
) -> None:
    conversation_id = await room(backend, "long")
    said = [message(number, f"line {number}") for number in range(1, 201)]
    await append_messages(tables, conversation_id=conversation_id, messages=said)
    base = f"/inspect/conversations/{conversation_id}"

    def numbers(page: str) -> list[int]:
        return [int(seq) for seq in re.findall(r'id="m-(\d+)"', page)]

    newest = (await operator.get(base)).text
    assert numbers(newest) == list(range(141, 201))
    assert cursors(newest)["newest"] == "yes"

    older = (
        await operator.get(
            f"{base}/timeline", params={"before": cursors(newest)["before"], "limit": "100"}
        )
    ).text
    assert "<html" not in older
    assert numbers(older) == list(range(41, 141))
    newer = (await operator.get(f"{base}/timeline", params={"after": cursors(older)["after"]})).text
    assert numbers(newer) == list(range(141, 201))

    around = (await operator.get(base, params={"at": "50"})).text
    assert numbers(around) == list(range(20, 80))
    moment = (NOON + timedelta(minutes=100)).isoformat()
    assert 100 in numbers((await operator.get(base, params={"at": moment})).text)
    refused = await operator.get(base, params={"at": "yesterday"})
    assert refused.status_code == 422
    assert "must be a message&#39;s seq" in refused.text


async def test_kinds_are_shown_as_chosen_and_hostile_texts_as_text(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool
) -> None:
    conversation_id = await harbour(backend, tables, f"kinds {EVIL}")
    base = f"/inspect/conversations/{conversation_id}"

    for path in ("", "/turns", "/turns/m3", "/search", "/sessions", "/events", "/care", "/figures"):
        response = await operator.get(base + path)
        assert response.status_code == 200, path
        assert "<script>alert" not in response.text, path
        assert "<img src=x" not in response.text, path
        assert not attributes(response.text) & FORBIDDEN, path
    usual = (await operator.get(base)).text
    assert EVIL in unescape(usual)
    assert "90210" not in usual
    assert "session of" in usual
    events = (await operator.get(base, params={"kinds": "event"})).text
    assert "90210" in events
    assert 'id="m-1"' not in events


async def test_a_turn_is_opened_to_its_trace(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool
) -> None:
    conversation_id = await harbour(backend, tables, "traced")
    base = f"/inspect/conversations/{conversation_id}"

    listed = (await operator.get(f"{base}/turns")).text
    assert f"{base}/turns/m3" in listed
    page = (await operator.get(f"{base}/turns/m3")).text

    read = text_of(page)
    for told in ("prefetched", "answered", "shown to the model", "cut by the budget", "31 ms"):
        assert told in read, told
    assert "meaning +1.500" in read
    assert "repeat -0.250" in read
    assert '<rect class="less"' in page
    assert "<mark>harbour</mark>" in page
    assert "Letter by letter as it was" in read
    assert "They are a record of what was said" in read  # the block
    gone = await operator.get(f"{base}/turns/m2")
    assert gone.status_code == 404
    assert "no trace" in gone.text or "no turn" in gone.text


async def test_ids_with_slashes_and_marks_are_found(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool
) -> None:
    conversation_id = await room(backend, "strange ids")
    strange = "a/../b?c#d%2F é\"'<b>"
    one = message(1, "what is this?").model_copy(update={"id": strange})
    await append_messages(tables, conversation_id=conversation_id, messages=[one])
    traced = trace_of(strange).model_copy(update={"hits": [], "shown": [], "cut": []})
    await record_turns(tables, conversation_id=conversation_id, traces=[traced])
    base = f"/inspect/conversations/{conversation_id}"

    listed = (await operator.get(f"{base}/turns")).text

    [link] = re.findall(rf'href="({base}/turns/[^"]+)"', listed)
    assert (await operator.get(unescape(link))).status_code == 200


async def test_a_search_explains_itself_and_says_what_is_wrong(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool
) -> None:
    conversation_id = await harbour(backend, tables, "searched")
    path = f"/inspect/conversations/{conversation_id}/search"

    found = await operator.post(
        path, data={"query": "when does the harbour open?", "asker": "ana", "question": "m3"}
    )

    assert found.status_code == 200
    read = text_of(found.text)
    assert "the harbour opens at nine" in read
    assert re.search(r"words [+-]\d\.\d{3}", read)
    assert 'value="m3"' in found.text
    assert '#m-3"' not in found.text  # the question itself
    nobody = await operator.post(path, data={"query": "harbour", "by": "nobody\n"})
    assert "Nothing was found" in nobody.text
    for fields in ({"query": " "}, {"query": "a", "limit": "1000"}, {"query": "a", "since": "x"}):
        refused = await operator.post(path, data=fields, headers={"HX-Request": "true"})
        assert refused.status_code == 422
        assert "<html" not in refused.text


async def test_what_is_marked_is_a_file_that_the_evaluation_reads(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool, database: str, tmp_path: Path
) -> None:
    conversation_id = await harbour(backend, tables, "marked")
    base = f"/inspect/conversations/{conversation_id}"

    marked = await operator.post(
        f"{base}/evidence", data={"question": "m3", "message_id": ["m1"], "others": ""}
    )
    assert "Marked: 1 message answers it" in text_of(marked.text)
    assert "checked" in (await operator.get(f"{base}/turns/m3")).text
    typed = {"typed": "is the ferry on time?", "asker": "ana", "others": "m2\n"}
    assert (await operator.post(f"{base}/evidence", data=typed)).status_code == 200
    for wrong in (
        {"question": "m3", "others": "no such id"},
        {"question": "unknown", "message_id": "m1"},
        {"typed": " "},
        {"typed": "x", "others": "\n".join(f"m{number}" for number in range(200))},
    ):
        assert (await operator.post(f"{base}/evidence", data=wrong)).status_code == 422

    file = await operator.get(f"{base}/evidence.jsonl")
    assert file.headers["content-disposition"] == 'attachment; filename="evidence.jsonl"'
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(file.content)
    result = await evaluate(database, HashEmbedder(), Plan(path, form="jsonl"))
    assert result["questions"] == 2
    assert result["r10_micro"] == 100
    assert file.content in (await operator.get("/inspect/evidence.jsonl")).content

    shown = (await operator.get(f"{base}/evidence")).text
    [first, _] = re.findall(r'hx-delete="([^"]+)"', shown)
    left = await operator.delete(first)
    assert "is the ferry on time?" in left.text
    assert "when does the harbour open?" not in left.text


async def test_an_export_is_imported_again_as_it_was(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool
) -> None:
    name = f"exported {EVIL}"
    conversation_id = await harbour(backend, tables, name)
    base = f"/inspect/conversations/{conversation_id}"
    everything = {"include": "conversation,messages,edits,events,sessions"}
    exported = await operator.get(f"{base}/export", params=everything)
    assert exported.status_code == 200
    assert f"UTF-8''{quote(name + '.jsonl', safe='')}" in exported.headers["content-disposition"]
    lines = exported.content.splitlines(keepends=True)

    first = await send(operator, b"".join(lines[:3]), first=1, room="a copy")
    assert (first["messages"], first["created"], first["ended"]) == (2, True, False)
    rest = await send(
        operator,
        b"".join(lines[3:]) + b"{ broken\n" + b'{"id": "x"}\n',
        first=4,
        conversation=first["conversation"],
        origin=first["origin"],
    )
    assert (rest["messages"], rest["events"], rest["sessions"], rest["ended"]) == (2, 1, 1, True)
    assert [one["line"] for one in rest["refused_lines"]] == [len(lines) + 1, len(lines) + 2]
    again = await send(operator, b"".join(lines[:3]), first=1, room="a copy")
    assert (again["messages"], again["duplicates"]) == (0, 2)

    copy = await operator.get(
        f"/inspect/conversations/{first['conversation']}/export", params=everything
    )
    theirs, ours = (
        [json.loads(one) for one in text.splitlines()] for text in (exported.text, copy.text)
    )
    assert theirs[1:] == ours[1:]

    nameless = await operator.post("/inspect/import", content=lines[1], headers=JSON_LINES)
    assert nameless.status_code == 422


JSON_LINES = {"Content-Type": "application/x-ndjson", "Accept": "application/json"}


async def send(operator: httpx.AsyncClient, piece: bytes, **query: object) -> dict[str, Any]:
    sent = await operator.post(
        "/inspect/import",
        content=piece,
        headers=JSON_LINES,
        params={name: str(value) for name, value in query.items()},
    )
    assert sent.status_code == 200, sent.text
    answer: dict[str, Any] = sent.json()
    return answer


@pytest.mark.parametrize(
    ("what", "target"), [("message", "m1"), ("participant", EVIL), ("conversation", "")]
)
async def test_what_is_erased_is_counted_first_and_confirmed_by_its_name(
    operator: httpx.AsyncClient, backend: str, tables: asyncpg.Pool, what: str, target: str
) -> None:
    name = f"erased {what}"
    conversation_id = await harbour(backend, tables, name)
    base = f"/inspect/conversations/{conversation_id}"
    fields = {"what": what, "target": target}
    before = await tables.fetchval(COUNT, conversation_id)

    counted = await operator.post(f"{base}/erase", data=fields)
    assert "This would be erased" in text_of(counted.text)
    wrong = await operator.post(f"{base}/erase", data=fields | {"confirmed": "something else"})
    assert wrong.status_code == 422
    assert await tables.fetchval(COUNT, conversation_id) == before

    confirmed = {"confirmed": target or name}
    token = operator.headers.pop("X-Longroom-CSRF")
    forged = await operator.post(f"{base}/erase", data=fields | confirmed)
    assert forged.status_code == 403
    assert await tables.fetchval(COUNT, conversation_id) == before
    operator.headers["X-Longroom-CSRF"] = token
    erased = await operator.post(f"{base}/erase", data=fields | confirmed)
    assert "Receipt: erased" in text_of(erased.text)
    assert await tables.fetchval(COUNT, conversation_id) == (0 if what == "conversation" else 3)
    assert (await operator.get(base)).status_code == (410 if what == "conversation" else 200)


COUNT = "select count(*) from message where conversation_id = $1"


async def test_the_pages_of_a_room_need_the_operators_scope(
    operator: httpx.AsyncClient, backend: str
) -> None:
    conversation_id = await room(backend, "guarded")
    base = f"/inspect/conversations/{conversation_id}"
    async with httpx.AsyncClient(base_url=backend, headers={"Origin": backend}) as stranger:
        for path in ("", "/timeline", "/turns", "/evidence.jsonl", "/export", "/care"):
            assert (await stranger.get(base + path)).status_code == 401
        assert (await stranger.post(f"{base}/erase", data={})).status_code == 401
    nowhere = await operator.get(f"/inspect/conversations/{UUID(int=7)}")
    assert nowhere.status_code == 404
    assert "<html" in nowhere.text
