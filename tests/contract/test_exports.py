"""Exports by parts, of a conversation and of a person; and what an import stores of them."""

import json
import secrets
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.refusals import refused
from tests.support.wire_examples import event, message, summary

ALL = "conversation,messages,edits,events,sessions"


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


async def imported(
    api: httpx.AsyncClient, conversation_id: UUID, **records: list[dict[str, Any]]
) -> Any:
    response = await api.post(f"/conversations/{conversation_id}/import", json=records)
    assert response.status_code == 200, response.text
    return response.json()


def session(**changes: Any) -> dict[str, Any]:
    return summary(**{"id": "s 1", "participants": ["ada", "grace"], **changes})


async def test_an_export_has_the_parts_that_are_asked_for(
    api: httpx.AsyncClient, conversation_id: UUID, room_name: str
) -> None:
    await imported(
        api,
        conversation_id,
        messages=[message()],
        events=[event(id="b"), event(id="a"), event(id="0", created_at="2025-03-01T13:00:00Z")],
        sessions=[session()],
    )
    path = f"/conversations/{conversation_id}/export"

    whole = lines(await api.get(path, params={"include": ALL}))

    assert (
        whole[0]["conversation"].items()
        >= {
            "conversation_id": str(conversation_id),
            "room": room_name,
            "language": "english",
        }.items()
    )
    assert whole[1].items() >= message().items()
    assert [line["event"]["id"] for line in whole[2:5]] == ["a", "b", "0"]
    assert whole[5] == {"session": session(usage={})}
    assert whole[6:] == [
        {
            "end": {
                "conversations": 1,
                "rooms": 0,
                "messages": 1,
                "edits": 0,
                "events": 3,
                "sessions": 1,
            }
        }
    ]
    assert lines(await api.get(path)) == [whole[1]]
    assert lines(await api.get(path, params={"include": "messages"})) == [whole[1]]
    assert lines(await api.get(path, params={"include": "sessions,events"})) == whole[2:6]


@pytest.mark.parametrize("include", ["", "traces", "messages,", "messages,,events", "Messages"])
async def test_an_unknown_part_is_named(
    api: httpx.AsyncClient, conversation_id: UUID, include: str
) -> None:
    path = f"/conversations/{conversation_id}/export"

    problem = refused(await api.get(path, params={"include": include}), 422)

    assert [error.field for error in problem.errors] == ["include"]


async def test_what_is_imported_keeps_its_marks_and_is_stored_once(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    late = message(id="a.late", role="assistant", epoch=7, room="call", interrupted=True)
    records = {"messages": [late], "events": [event()], "sessions": [session(usage={"n": 1})]}

    first = await imported(api, conversation_id, **records)
    again = await imported(api, conversation_id, **records)

    assert [each["status"] for each in first["outcomes"]] == ["stored"]
    assert (first["events"], first["sessions"]) == (1, 1)
    assert [each["status"] for each in again["outcomes"]] == ["duplicate"]
    assert (again["events"], again["sessions"]) == (0, 0)
    [stored] = lines(await api.get(f"/conversations/{conversation_id}/export"))
    assert stored.items() >= late.items()
    # The mark of an agent elsewhere says nothing about the agents here.
    sent = await api.post(
        f"/conversations/{conversation_id}/messages", json={"messages": [message()], "epoch": 1}
    )
    assert sent.status_code == 200, sent.text


async def test_a_session_that_goes_on_is_not_set_back_by_an_import(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    name = f"running {secrets.token_hex(4)}"
    now = summary(conversation_id=str(conversation_id), participants=["ada"], message_count=9)
    assert (await api.put(f"/sessions/{name}", json=now)).status_code == 204

    earlier = summary(id=name, participants=[], message_count=3)
    assert (await imported(api, conversation_id, sessions=[earlier]))["sessions"] == 0

    path = f"/conversations/{conversation_id}/export"
    [line] = lines(await api.get(path, params={"include": "sessions"}))
    assert line["session"]["message_count"] == 9


async def test_an_id_taken_by_other_content_is_named_and_nothing_of_the_messages_stored(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    await imported(api, conversation_id, messages=[message(id="taken")])

    response = await api.post(
        f"/conversations/{conversation_id}/import",
        json={"messages": [message(id="new"), message(id="taken", content="other")]},
    )

    assert refused(response, 409).ids == ["taken"]
    assert len(lines(await api.get(f"/conversations/{conversation_id}/export"))) == 1


async def test_an_unknown_conversation_takes_no_part_of_an_export(api: httpx.AsyncClient) -> None:
    records: list[dict[str, Any]] = [
        {"messages": [message()]},
        {"events": [event()]},
        {"sessions": [session()]},
    ]
    for body in records:
        refused(await api.post(f"/conversations/{uuid4()}/import", json=body), 404)


async def test_the_conversation_of_a_header_is_found_or_made(
    api: httpx.AsyncClient, conversation_id: UUID, room_name: str
) -> None:
    async def opened(**header: Any) -> Any:
        response = await api.post("/conversations/import", json=header)
        assert response.status_code == 200, response.text
        return response.json()

    here = {"conversation_id": str(conversation_id), "created": False}
    assert await opened(room=room_name) == here
    moved = f"moved {secrets.token_hex(4)}"
    assert await opened(room=moved, conversation_id=str(conversation_id)) == here
    key = f"key {secrets.token_hex(4)}"
    began = "2020-05-04T03:02:01Z"
    made = await opened(key=key, language="de", created_at=began, conversation_id=str(uuid4()))
    assert made["created"]
    assert await opened(key=key, created_at="2021-01-01T00:00:00Z") == made | {"created": False}
    shared = {"name": f"shared {secrets.token_hex(4)}", "created_at": began}
    assert (await imported(api, made["conversation_id"], rooms=[shared, shared]))["rooms"] == 1

    path = f"/conversations/{made['conversation_id']}/export"
    first, room, _ = lines(await api.get(path, params={"include": "conversation"}))
    assert first == {
        "conversation": {
            "conversation_id": made["conversation_id"],
            "key": key,
            "language": "german",
            "created_at": began,
        }
    }
    assert room == {"room": shared}
    # A room that has a conversation keeps it, and a conversation without a key has one room.
    for other in (made["conversation_id"], conversation_id):
        taken = {"name": room_name, "created_at": began}
        assert (await imported(api, other, rooms=[taken]))["rooms"] == 0


@pytest.mark.parametrize("header", [{}, {"room": "a", "key": "b"}, {"room": ""}, {"key": "a\nb"}])
async def test_a_header_without_one_good_name_is_refused(
    api: httpx.AsyncClient, header: dict[str, str]
) -> None:
    refused(await api.post("/conversations/import", json=header), 422)


async def test_a_person_s_export_has_every_conversation_and_nobody_else(
    api: httpx.AsyncClient, conversation_id: UUID, other_conversation_id: UUID
) -> None:
    person = f"Zoë / {secrets.token_hex(4)}"
    await imported(
        api,
        conversation_id,
        messages=[message(id="1", participant=person), message(id="2", participant="grace")],
        events=[event(id="e", participant=person), event(id="f", participant="grace")],
    )
    both = session(id="s 2")
    both["participants"] = ["grace", person]
    await imported(api, other_conversation_id, sessions=[both, session(id="s 3")])

    response = await api.get(f"/participants/{person.replace('/', '%2F')}/export")

    found = lines(response)
    assert "grace" not in response.text
    headers = [line["conversation"] for line in found if "conversation" in line]
    assert {UUID(header["conversation_id"]) for header in headers} == {
        conversation_id,
        other_conversation_id,
    }
    assert {header["participant"] for header in headers} == {person}
    assert [line["id"] for line in found if "content" in line] == ["1"]
    assert [line["event"]["id"] for line in found if "event" in line] == ["e"]
    [one] = [line["session"] for line in found if "session" in line]
    assert (one["id"], one["participants"]) == ("s 2", [person])
    assert found[-1] == {
        "end": {
            "conversations": 2,
            "rooms": 0,
            "messages": 1,
            "edits": 0,
            "events": 1,
            "sessions": 1,
        }
    }
