"""Conversations by key: a namespace of their own, shared by rooms."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from retrieval.wire import STALE_EPOCH, Conversation, KeyedConversation, MessagePage, Problem
from tests.support.wire_examples import message


async def _create(api: httpx.AsyncClient, key: str) -> UUID:
    response = await api.post("/conversations", json={"key": key})
    return KeyedConversation.model_validate(response.json()).conversation_id


async def _room(api: httpx.AsyncClient, name: str, key: str | None = None) -> UUID:
    body = {"name": name} if key is None else {"name": name, "conversation": key}
    response = await api.post("/rooms", json=body)
    assert response.is_success, response.text
    return UUID(response.json()["conversation_id"])


async def _join(
    api: httpx.AsyncClient, room: str, agent: str, key: str | None = None
) -> Conversation:
    body = {"identity": agent, "session_id": "s"} | ({"conversation": key} if key else {})
    response = await api.post(f"/rooms/{room}/agent-joined", json=body)
    assert response.is_success, response.text
    return Conversation.model_validate(response.json())


async def _append(api: httpx.AsyncClient, id_: UUID, **body: Any) -> httpx.Response:
    return await api.post(f"/conversations/{id_}/messages", json=body)


async def test_a_new_key_is_distinguished_from_one_that_exists(
    api: httpx.AsyncClient, room_name: str
) -> None:
    body = {"key": room_name, "language": "de"}
    first = await api.post("/conversations", json=body)
    second = await api.post("/conversations", json={"key": room_name})
    assert (first.status_code, second.status_code) == (201, 200)
    new, known = [KeyedConversation.model_validate(r.json()) for r in (first, second)]
    assert (new.created, known.created) == (True, False)
    assert new.conversation_id == known.conversation_id
    assert known.key == room_name


async def test_a_key_used_by_several_at_once_has_one_conversation(
    api: httpx.AsyncClient, room_name: str
) -> None:
    requests = [_create(api, room_name) for _ in range(4)]
    requests += [_room(api, f"{room_name} {n}", room_name) for n in range(4)]
    assert len(set(await asyncio.gather(*requests))) == 1


async def test_a_key_is_no_rooms_name(api: httpx.AsyncClient, room_name: str) -> None:
    ids = [
        await _room(api, room_name),
        await _create(api, room_name),
        await _create(api, room_name.upper()),
        await _create(api, f"{room_name} "),
    ]
    assert len(set(ids)) == 4
    assert await _room(api, room_name) == ids[0]


async def test_a_room_has_the_conversation_of_the_key_it_was_opened_with_last(
    api: httpx.AsyncClient, room_name: str
) -> None:
    ada = await _room(api, room_name, f"ada {room_name}")
    await _append(api, ada, messages=[message(content="ada's secret")])
    bob = await _room(api, room_name, f"bob {room_name}")
    joined = await _join(api, room_name, "agent")
    assert (joined.conversation_id, joined.window) == (bob, [])
    assert joined.key == f"bob {room_name}"
    elsewhere = await _join(api, f"{room_name} 2", "agent", f"ada {room_name}")
    assert [m.content for m in elsewhere.window] == ["ada's secret"]


async def test_each_room_of_a_conversation_has_epochs_of_its_own(
    api: httpx.AsyncClient, room_name: str
) -> None:
    phone, web = f"{room_name} phone", f"{room_name} web"
    at_phone = await _join(api, phone, "one", room_name)
    at_web = await _join(api, web, "two", room_name)
    id_ = at_web.conversation_id

    def batch(room: str, id_: str, epoch: int | None) -> dict[str, Any]:
        return {"messages": [message(id=id_, room=room)], "epoch": epoch, "room": room}

    first = await _append(api, id_, **batch(phone, "a", at_phone.epoch))
    second = await _append(api, id_, **batch(web, "b", at_web.epoch))
    assert (first.status_code, second.status_code) == (200, 200)
    await _join(api, web, "three", room_name)
    refused = await _append(api, id_, **batch(web, "c", at_web.epoch))
    assert refused.status_code == 409
    assert Problem.model_validate(refused.json()).type == STALE_EPOCH
    late = await _append(api, id_, messages=[message(id="c", room=web, epoch=at_web.epoch)])
    still = await _append(api, id_, **batch(phone, "d", at_phone.epoch))
    assert (late.status_code, still.status_code) == (200, 200)

    page = await api.get(f"/conversations/{id_}/messages", params={"order": "arrival"})
    stored = MessagePage.model_validate(page.json()).messages
    assert [(m.id, m.room, m.epoch) for m in stored] == [
        ("a", phone, None),
        ("b", web, None),
        ("c", web, at_web.epoch),
        ("d", phone, None),
    ]


@pytest.mark.parametrize("bad", ["", " ", "a\nb", "\x00", "x" * 257, 4711, ["ada"]])
async def test_a_bad_key_names_its_field(
    api: httpx.AsyncClient, room_name: str, bad: object
) -> None:
    agent = {"identity": "agent", "session_id": "s", "conversation": bad}
    for path, body, field in (
        ("/conversations", {"key": bad}, "key"),
        ("/rooms", {"name": room_name, "conversation": bad}, "conversation"),
        (f"/rooms/{room_name}/agent-joined", agent, "conversation"),
    ):
        response = await api.post(path, json=body)
        assert response.status_code == 422
        (error,) = Problem.model_validate(response.json()).errors
        assert error.field == field
    assert (await api.post("/rooms", json={"name": room_name})).status_code == 201


async def test_an_unknown_language_creates_no_key(api: httpx.AsyncClient, room_name: str) -> None:
    refused = await api.post("/conversations", json={"key": room_name, "language": "klingon"})
    assert refused.status_code == 422
    assert (await api.post("/conversations", json={"key": room_name})).status_code == 201
