import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.refusals import LONG, SECRET, post, refused
from tests.support.wire_examples import message
from tests.support.written_times import REFUSED

MESSAGE_FIELDS = [
    ({"content": ""}, "content"),
    ({"content": " \n\t"}, "content"),
    ({"content": SECRET * 150_000}, "content"),
    ({"content": f"{SECRET}\x00"}, "content"),
    ({"content": f"{SECRET}\ud800"}, "content"),
    ({"content": None}, "content"),
    ({"content": [SECRET]}, "content"),
    ({"created_at": "2025-03-01T12:00:00"}, "created_at"),
    ({"created_at": SECRET}, "created_at"),
    ({"created_at": "2025-02-30T12:00:00Z"}, "created_at"),
    ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
    ({"created_at": "9999-12-31T23:59:59-14:00"}, "created_at"),
    ({"interrupted": "yes"}, "interrupted"),
    ({"role": SECRET}, "role"),
    ({"role": "developer"}, "role"),
    ({"participant": ""}, "participant"),
    ({"participant": LONG}, "participant"),
    ({"participant": "a\x00"}, "participant"),
    ({"id": ""}, "id"),
    ({"id": LONG}, "id"),
    ({"id": "\udfff"}, "id"),
    ({"id": 7}, "id"),
    ({"interrupted": SECRET}, "interrupted"),
    ({"interruptd": SECRET}, "(unknown)"),
    ({"metadata": None}, "metadata"),
    ({"metadata": [SECRET]}, "metadata"),
    ({"metadata": SECRET}, "metadata"),
    ({"metadata": {"x": f"{SECRET}\x00"}}, "metadata"),
    ({"metadata": {f"{SECRET}\ud800": 1}}, "metadata"),
    ({"metadata": {"x": float("nan")}}, "metadata"),
    ({"metadata": {"x": 10**40}}, "metadata"),
    ({"metadata": {"x": SECRET * 1000}}, "metadata"),
    ({"metadata": {"x": [[[[[[[[[1]]]]]]]]]}}, "metadata"),
    *(({"created_at": written}, "created_at") for written in REFUSED),
]


@pytest.mark.parametrize(("change", "field"), MESSAGE_FIELDS)
async def test_a_bad_message_is_named_by_its_place_and_nothing_is_stored(
    api: httpx.AsyncClient, conversation_id: UUID, change: dict[str, Any], field: str
) -> None:
    path = f"/conversations/{conversation_id}/messages"
    batch = [message(id=f"m{n}") for n in range(3)] + [message(id="m3") | change]

    problem = refused(await post(api, path, {"messages": batch}), 422)

    assert [error.field for error in problem.errors] == [f"messages[3].{field}"]
    assert (await api.get(path)).json()["message_count"] == 0


@pytest.mark.parametrize("field", ["id", "role", "participant", "content", "created_at"])
async def test_a_missing_field_of_a_message_is_named(
    api: httpx.AsyncClient, conversation_id: UUID, field: str
) -> None:
    incomplete = {key: value for key, value in message().items() if key != field}

    problem = refused(
        await post(api, f"/conversations/{conversation_id}/messages", {"messages": [incomplete]}),
        422,
    )

    assert [error.field for error in problem.errors] == [f"messages[0].{field}"]


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": []}, {"messages": None}, {"messages": {}}, {"messages": "x"}],
    ids=json.dumps,
)
async def test_a_batch_must_be_a_list_with_something_in_it(
    api: httpx.AsyncClient, conversation_id: UUID, body: dict[str, Any]
) -> None:
    problem = refused(await post(api, f"/conversations/{conversation_id}/messages", body), 422)

    assert [error.field for error in problem.errors] == ["messages"]


async def test_a_batch_of_ten_thousand_is_refused_with_the_limit(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    batch = [message(id=f"m{n}") for n in range(10_000)]

    problem = refused(
        await post(api, f"/conversations/{conversation_id}/messages", {"messages": batch}), 422
    )

    assert problem.errors[0].field == "messages"
    assert "500" in problem.errors[0].message


async def test_ten_thousand_errors_are_answered_shortly(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    response = await post(
        api, f"/conversations/{conversation_id}/messages", {"messages": [{}] * 400}
    )

    refused(response, 422)
    assert len(response.content) < 10_000
