"""Erasing and correcting over HTTP, and what every other route says of it afterwards."""

from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from retrieval.wire import Change, Changes, ErasureReceipt, Problem, erased_id
from tests.support.refusals import refused
from tests.support.wire_examples import event, message, summary, turn

ERASED = "urn:longroom:erased"
CANARY = "zyxomelon"
BLOCK = {"nonce": "0a", "now": "2025-03-01T12:00:00Z", "time_zone": "UTC", "role": "user"}
STRANGE_IDS = [
    "m/1",
    "..",
    ".",
    "a b+c%2F",
    "ü?#&=",
    "edits",
    "x/edits",
    "\u202e\t",
    "%",
    "m" * 128,
]


@pytest.fixture
async def said(api: httpx.AsyncClient, conversation_id: UUID) -> list[dict[str, Any]]:
    batch = [
        message(id="m1", content=f"The {CANARY} is here."),
        message(id="m2", participant="grace", content="Is it?"),
        message(id="m3", content="Yes, here."),
    ]
    await append(api, conversation_id, *batch)
    return batch


async def append(
    api: httpx.AsyncClient, conversation_id: UUID, *batch: dict[str, Any]
) -> httpx.Response:
    return await api.post(
        f"/conversations/{conversation_id}/messages", json={"messages": list(batch)}
    )


async def erase(api: httpx.AsyncClient, path: str, **query: Any) -> ErasureReceipt:
    """To its end."""
    while True:
        response = await api.delete(path, params=query)
        assert response.status_code in (200, 202), response.text
        receipt = ErasureReceipt.model_validate_json(response.content)
        assert receipt.complete is (response.status_code == 200)
        if receipt.complete:
            return receipt


async def told(api: httpx.AsyncClient, conversation_id: UUID, after: int = 0) -> list[Change]:
    response = await api.get(f"/conversations/{conversation_id}/changes?after={after}")
    return Changes.model_validate_json(response.content).changes


async def texts(api: httpx.AsyncClient, conversation_id: UUID, room: str = "") -> str:
    """All that the routes tell of the conversation: each that only reads, and the search."""
    paths = (await api.get("/openapi.json")).json()["paths"]
    answers = [
        await api.get(path.removeprefix("/api/v1").format(**_names(conversation_id)), params=query)
        for path, methods in paths.items()
        if "get" in methods and "{conversation_id}" in path
        for query in ({}, {"after": 0}, {"include": "conversation,messages,events,sessions"})
    ]
    for query in (CANARY, "is it here?", "ada"):
        body = {"query": query, "limit": 50, "neighbours": 5, "explain": True}
        answers.append(await api.post(f"/conversations/{conversation_id}/search", json=body))
    if room:
        joins = {"identity": "agent", "session_id": "s", "window": 100}
        answers.append(await api.post(f"/rooms/{quote(room, safe='')}/agent-joined", json=joins))
    assert sum(answer.is_success for answer in answers) >= 8
    return "\n".join(answer.text for answer in answers)


def _names(conversation_id: UUID) -> dict[str, object]:
    return {"conversation_id": conversation_id, "message_id": "m1", "question_id": "m1"}


async def test_an_erased_message_is_told_by_no_route_and_refused(
    api: httpx.AsyncClient, conversation_id: UUID, room_name: str, said: list[dict[str, Any]]
) -> None:
    at = f"/conversations/{conversation_id}"
    heard = event(id="t1", kind="transcription", participant="ada", data={"text": CANARY})
    await api.post(f"{at}/events", json={"events": [heard]})
    quoted = turn(question_id="m2", shown=[{"message_id": "m1"}], block=BLOCK)
    await api.post(f"{at}/turns", json={"turns": [quoted, turn(question_id="m1")]})
    read = (await api.get(f"{at}/turns/m2")).json()
    assert CANARY in read["block"]
    assert CANARY in await texts(api, conversation_id)

    dry = await erase(api, f"{at}/messages/m1", dry_run=True)
    assert CANARY in await texts(api, conversation_id)
    receipt = await erase(api, f"{at}/messages/m1")

    assert (dry.dry_run, dry.rows) == (True, receipt.rows)
    assert (receipt.rows["message"], receipt.rows["turn_trace"]) == (1, 2)
    refused(await api.get(f"{at}/turns/m1"), 404)
    assert (await api.get(f"{at}/turns/m2")).json()["trace"]["shown"] == []
    assert CANARY not in await texts(api, conversation_id, room_name)
    assert await told(api, conversation_id) == [
        Change(revision=1, kind="erased", seq=1, id_sha256=erased_id(conversation_id, "m1"))
    ]
    problem = refused(await append(api, conversation_id, *said, message(id="m4")), 410)
    assert (problem.type, problem.ids) == (ERASED, ["m1"])
    stored = (await append(api, conversation_id, *said[1:], message(id="m4"))).json()
    assert [one["seq"] for one in stored["outcomes"]] == [2, 3, 4]
    assert stored["revision"] == 1
    assert (await erase(api, f"{at}/messages/m1")) == receipt
    refused(await api.delete(f"{at}/messages/never"), 404)


async def test_an_erased_participant_is_told_by_no_route_and_may_speak_again(
    api: httpx.AsyncClient, conversation_id: UUID, said: list[dict[str, Any]]
) -> None:
    receipt = await erase(api, f"/conversations/{conversation_id}/participants/ada")

    assert receipt.rows["message"] == 2
    assert '"ada"' not in await texts(api, conversation_id)
    (change,) = await told(api, conversation_id)
    assert change.kind == "participant_erased"
    assert change.identity_sha256 == erased_id(conversation_id, "ada")
    assert change.before == receipt.erased_at
    problem = refused(await append(api, conversation_id, message(id="new")), 410)
    assert problem.ids == ["new"]
    later = message(id="new", created_at="2100-01-01T00:00:00Z")
    assert (await append(api, conversation_id, later)).status_code == 200


async def test_a_participant_erased_everywhere_is_refused_in_every_conversation(
    api: httpx.AsyncClient, conversation_id: UUID, other_conversation_id: UUID
) -> None:
    name = f"person {uuid4()}"
    await append(api, conversation_id, message(participant=name))

    receipt = await erase(api, f"/participants/{quote(name, safe='')}")

    assert receipt.conversations == [conversation_id]
    for where in (conversation_id, other_conversation_id):
        refused(await append(api, where, message(id="m9", participant=name)), 410)


async def test_every_route_of_an_erased_conversation_says_so(
    api: httpx.AsyncClient,
    conversation_id: UUID,
    room_name: str,
    said: list[dict[str, Any]],
) -> None:
    at = f"/conversations/{conversation_id}"
    receipt = await erase(api, at)
    assert receipt.rows["message"] == 3

    requests: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", f"{at}/messages", {"messages": said}),
        ("GET", f"{at}/messages", None),
        ("GET", f"{at}/messages?after=0", None),
        ("PATCH", f"{at}/messages/m1", {"content": "x"}),
        ("GET", f"{at}/messages/m1/edits", None),
        ("DELETE", f"{at}/messages/m1", None),
        ("DELETE", f"{at}/participants/ada", None),
        ("GET", f"{at}/export", None),
        ("GET", f"{at}/changes", None),
        ("POST", f"{at}/search", {"query": "q"}),
        ("POST", f"{at}/events", {"events": [event()]}),
        ("GET", f"{at}/events", None),
        ("POST", f"{at}/turns", {"turns": [turn()]}),
        ("GET", f"{at}/turns", None),
        ("GET", f"{at}/turns/m1", None),
        ("PUT", "/sessions/s", summary(conversation_id=str(conversation_id))),
    ]
    for method, path, body in requests:
        problem = refused(await api.request(method, path, json=body), 410)
        assert (problem.type, problem.ids) == (ERASED, []), path
    assert await erase(api, at) == receipt
    again = (await api.post("/rooms", json={"name": room_name})).json()
    assert again["created"] is True
    assert again["conversation_id"] != str(conversation_id)


async def test_what_never_was_cannot_be_erased(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    for path in (
        f"/conversations/{uuid4()}",
        f"/conversations/{uuid4()}/messages/m1",
        f"/conversations/{uuid4()}/participants/ada",
        f"/conversations/{conversation_id}/messages/m1",
    ):
        refused(await api.delete(path), 404)


@pytest.mark.parametrize("strange", STRANGE_IDS)
async def test_ids_and_identities_may_hold_any_character(
    api: httpx.AsyncClient, conversation_id: UUID, strange: str
) -> None:
    at = f"/conversations/{conversation_id}"
    escaped = quote(strange, safe="").replace(".", "%2E")
    await append(api, conversation_id, message(id=strange), message(id="other"))

    corrected = await api.patch(f"{at}/messages/{escaped}", json={"content": "Better."})
    assert corrected.status_code == 200, corrected.text
    assert (await api.get(f"{at}/messages/{escaped}/edits")).status_code == 200
    receipt = await erase(api, f"{at}/messages/{escaped}")
    assert receipt.rows["message"] == 1
    page = (await api.get(f"{at}/messages")).json()
    assert [one["id"] for one in page["messages"]] == ["other"]


async def test_a_correction_is_found_and_told(
    api: httpx.AsyncClient, conversation_id: UUID, said: list[dict[str, Any]]
) -> None:
    at = f"/conversations/{conversation_id}"
    body = {"content": "The kettle is here.", "metadata": {"checked": True}}

    corrected = await api.patch(f"{at}/messages/m1", json=body)

    assert corrected.status_code == 200
    assert corrected.json()["edited_at"]
    assert CANARY not in await texts(api, conversation_id)
    (change,) = await told(api, conversation_id)
    assert change.kind == "corrected"
    assert change.message is not None
    assert change.message.model_dump(mode="json", exclude_none=True) == corrected.json()
    again = (await append(api, conversation_id, *said)).json()
    assert [one["status"] for one in again["outcomes"]] == ["duplicate"] * 3
    assert (await api.patch(f"{at}/messages/m1", json=body)).json() == corrected.json()
    refused(await api.patch(f"{at}/messages/m9", json=body), 404)
    assert [
        error.field for error in refused(await api.patch(f"{at}/messages/m1", json={}), 422).errors
    ] == ["content"]


async def test_a_problem_never_repeats_an_id(api: httpx.AsyncClient, conversation_id: UUID) -> None:
    response = await api.delete(f"/conversations/{conversation_id}/messages/{CANARY}")

    assert isinstance(refused(response, 404), Problem)
    assert CANARY not in response.text
    response = await api.delete(f"/conversations/{conversation_id}/messages/{CANARY * 20}")
    refused(response, 422)
    assert CANARY not in response.text
