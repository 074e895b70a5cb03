import json
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from longroom.client import LongroomClient
from retrieval.wire import TurnTrace
from tests.support.backend_under_test import BackendUnderTest
from tests.support.refusals import refused
from tests.support.wire_examples import turn

SECRET = "zyxomelon"


async def record(
    api: httpx.AsyncClient, conversation_id: UUID, *turns: dict[str, Any]
) -> httpx.Response:
    return await api.post(f"/conversations/{conversation_id}/turns", json={"turns": turns})


async def test_a_batch_sent_twice_is_recorded_once(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    batch = [turn(question_id="q1"), turn(question_id="q2")]

    assert (await record(api, conversation_id, *batch)).json() == {"recorded": 2}
    assert (await record(api, conversation_id, *batch)).json() == {"recorded": 0}


async def test_a_turn_is_drawn_again_with_its_messages(
    backend: BackendUnderTest, conversation_id: UUID, stored: list[dict[str, object]]
) -> None:
    shown = [{"message_id": "m3"}, {"message_id": "m4", "after_gap": True}]
    block = {"nonce": "0a", "now": "2025-03-01T12:00:00Z", "time_zone": "UTC", "role": "user"}
    trace = turn(question_id="m29", shown=shown, block=block, cut=["never/stored"])

    async with LongroomClient(backend.url, key=backend.key, timeout_s=30) as longroom:
        recorded = await longroom.record_turns(conversation_id, [TurnTrace.model_validate(trace)])
        page = await longroom.turns(conversation_id, outcome="answered", limit=1)
        read = await longroom.turn(conversation_id, "m29")

    assert recorded.recorded == 1
    assert [(line.question_id, line.shown, line.cut) for line in page.turns] == [("m29", 2, 1)]
    assert {message.id for message in read.messages} == {"m3", "m4", "m29"}
    assert (read.gone, read.changed, read.exact) == (["never/stored"], [], True)
    assert read.block is not None
    lines = read.block.splitlines()
    assert lines[0] == "<recalled_messages 0a>"
    assert lines[-1] == "</recalled_messages 0a>"
    assert [line for line in lines if line.startswith((">", "…"))] == [
        "> line number 3",
        "…",
        "> line number 4",
    ]


async def test_a_question_id_of_any_letters_is_found(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    question_id = "a/../b ?#%41 ü"
    await record(api, conversation_id, turn(question_id=question_id))

    path = f"/conversations/{conversation_id}/turns/{quote(question_id, safe='')}"
    response = await api.get(path)

    assert response.json()["trace"]["question_id"] == question_id


async def test_pages_follow_each_other(api: httpx.AsyncClient, conversation_id: UUID) -> None:
    await record(api, conversation_id, *(turn(question_id=f"q {n}") for n in range(5)))
    path, seen, query = f"/conversations/{conversation_id}/turns", [], {"limit": "2"}

    while True:
        page = (await api.get(path, params=query)).json()
        seen += [line["question_id"] for line in page["turns"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]

    assert seen == [f"q {n}" for n in reversed(range(5))]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"read_as": [SECRET]}, "read_as"),
        ({"read_as": [{"message_id": "m1", "start": -1, "end": 2}]}, "read_as"),
        ({"reason": f"{SECRET} said so"}, "reason"),
        ({"outcome": "lost"}, "outcome"),
        ({"asked_at": "2025-03-01T12:00:00"}, "asked_at"),
        ({"search_ms": -1}, "search_ms"),
        ({"confidence": float("nan")}, "confidence"),
        ({"hits": [{"message_id": "m1", "score": 1, "parts": {"a b": 1}}]}, "hits"),
        ({"hits": [{"message_id": "m1", "score": 1, "text": SECRET}]}, "hits"),
        ({"shown": [{"message_id": f"m{n}"} for n in range(501)]}, "shown"),
        ({"cut": ["x" * 129]}, "cut"),
        ({"text": SECRET}, "text"),
        ({"block": {"nonce": "<", "now": 0, "time_zone": "UTC", "role": "user"}}, "block"),
    ],
)
async def test_a_bad_trace_is_named_by_its_place_and_no_text_is_taken(
    api: httpx.AsyncClient, conversation_id: UUID, change: dict[str, Any], field: str
) -> None:
    content = json.dumps({"turns": [turn(), turn(**change)]})
    path = f"/conversations/{conversation_id}/turns"

    response = await api.post(path, content=content, headers={"content-type": "application/json"})

    problem = refused(response, 422)
    assert all(error.field.startswith("turns[1]") for error in problem.errors)
    assert SECRET not in response.text
    assert (await api.get(path)).json()["turns"] == []
    assert field in response.text or field == "text"


@pytest.mark.parametrize(
    "query",
    [{"after": "q1"}, {"after": "2025-03-01T12:00:00 q1"}, {"limit": 0}, {"degraded": "slow"}],
)
async def test_a_bad_query_names_its_field(
    api: httpx.AsyncClient, conversation_id: UUID, query: dict[str, Any]
) -> None:
    response = await api.get(f"/conversations/{conversation_id}/turns", params=query)

    assert refused(response, 422).errors[0].field == next(iter(query))


async def test_what_is_unknown_is_not_found(api: httpx.AsyncClient, conversation_id: UUID) -> None:
    unknown = uuid4()
    refused(await record(api, unknown, turn()), 404)
    refused(await api.get(f"/conversations/{unknown}/turns"), 404)
    refused(await api.get(f"/conversations/{unknown}/turns/q1"), 404)
    refused(await api.get(f"/conversations/{conversation_id}/turns/q1"), 404)
