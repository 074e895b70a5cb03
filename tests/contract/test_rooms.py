import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from retrieval.wire import Conversation, Room
from tests.support.wire_examples import message


async def test_a_new_room_is_distinguished_from_one_that_exists(
    api: httpx.AsyncClient, room_name: str
) -> None:
    first = await api.post("/rooms", json={"name": room_name})
    second = await api.post("/rooms", json={"name": room_name})

    assert (first.status_code, second.status_code) == (201, 200)
    new, known = Room.model_validate(first.json()), Room.model_validate(second.json())
    assert (new.created, known.created) == (True, False)
    assert new.conversation_id == known.conversation_id
    assert new.name == room_name


async def test_a_room_created_twice_at_once_is_one_room(
    api: httpx.AsyncClient, room_name: str
) -> None:
    responses = await asyncio.gather(
        *(api.post("/rooms", json={"name": room_name}) for _ in range(8))
    )

    assert sorted(response.status_code for response in responses) == [200] * 7 + [201]
    assert len({response.json()["conversation_id"] for response in responses}) == 1


async def test_each_room_has_another_conversation(
    conversation_id: str, other_conversation_id: str
) -> None:
    assert conversation_id != other_conversation_id


@pytest.mark.parametrize(
    "name", ["a/b", "x/agent-joined", "ü 🚀 %2F", "a?b#c", "..", "'; drop table room; --"]
)
async def test_hostile_names_are_names_like_any_other(
    api: httpx.AsyncClient, room_name: str, name: str
) -> None:
    full = f"{room_name} {name}"
    created = (await api.post("/rooms", json={"name": full})).json()

    joined = await api.post(f"/rooms/{quote(full, safe='')}/agent-joined", json=_agent())

    assert joined.status_code == 200, joined.text
    assert joined.json()["room"] == full
    assert joined.json()["conversation_id"] == created["conversation_id"]


async def test_an_agent_that_joins_a_new_room_creates_it(
    api: httpx.AsyncClient, room_name: str
) -> None:
    response = await api.post(f"/rooms/{room_name}/agent-joined", json=_agent())

    joined = Conversation.model_validate(response.json())
    assert (joined.message_count, joined.window, joined.last_message_at) == (0, [], None)
    known = await api.post("/rooms", json={"name": room_name})
    assert known.json()["conversation_id"] == str(joined.conversation_id)


async def test_an_agent_that_joins_is_given_the_newest_messages_oldest_first(
    api: httpx.AsyncClient, room_name: str, stored: list[dict[str, Any]]
) -> None:
    response = await api.post(f"/rooms/{room_name}/agent-joined", json=_agent(window=3))

    joined = Conversation.model_validate(response.json())
    assert joined.message_count == len(stored)
    assert [message.id for message in joined.window] == ["m27", "m28", "m29"]
    assert [message.seq for message in joined.window] == [28, 29, 30]
    assert joined.last_message_at == joined.window[-1].created_at


async def test_older_history_that_is_imported_is_not_what_an_agent_joins_with(
    api: httpx.AsyncClient, room_name: str, conversation_id: str
) -> None:
    for day in (7, 6):
        batch = [message(id=f"{day}-{n}", created_at=f"2025-03-0{day}T12:00:0{n}Z") for n in "123"]
        path = f"/conversations/{conversation_id}/messages"
        assert (await api.post(path, json={"messages": batch})).status_code == 200

    response = await api.post(f"/rooms/{room_name}/agent-joined", json=_agent(window=4))

    joined = Conversation.model_validate(response.json())
    assert [one.id for one in joined.window] == ["6-3", "7-1", "7-2", "7-3"]
    assert joined.last_message_at == joined.window[-1].created_at


async def test_a_window_of_none_is_empty_but_counts(
    api: httpx.AsyncClient, room_name: str, stored: list[dict[str, Any]]
) -> None:
    response = await api.post(f"/rooms/{room_name}/agent-joined", json=_agent(window=0))

    assert response.json()["window"] == []
    assert response.json()["message_count"] == len(stored)


async def test_the_window_has_twelve_messages_by_default(
    api: httpx.AsyncClient, room_name: str, stored: list[dict[str, Any]]
) -> None:
    agent = {"identity": "agent-1", "session_id": "AJ_1"}
    response = await api.post(f"/rooms/{room_name}/agent-joined", json=agent)

    assert len(response.json()["window"]) == 12


async def test_messages_survive_between_two_agents(api: httpx.AsyncClient, room_name: str) -> None:
    first = await api.post(f"/rooms/{room_name}/agent-joined", json=_agent())
    path = f"/conversations/{first.json()['conversation_id']}/messages"
    await api.post(path, json={"messages": [message(content="remember me")]})

    second = await api.post(f"/rooms/{room_name}/agent-joined", json=_agent(identity="agent-2"))

    assert [kept["content"] for kept in second.json()["window"]] == ["remember me"]


def _agent(**changes: Any) -> dict[str, Any]:
    return {"identity": "agent-1", "session_id": "AJ_1", "window": 12, **changes}


async def test_a_room_finds_the_words_of_its_language_in_all_their_forms(
    api: httpx.AsyncClient, room_name: str
) -> None:
    made = await api.post("/rooms", json={"name": room_name, "language": "de"})
    conversation_id = made.json()["conversation_id"]
    said = {"messages": [message(content="Die Rechnungen wurden bezahlt.")]}
    await api.post(f"/conversations/{conversation_id}/messages", json=said)
    found = await api.post(
        f"/conversations/{conversation_id}/search", json={"query": "Rechnung bezahlen"}
    )
    assert [hit["message"]["id"] for hit in found.json()["hits"]] == ["m1"]
    assert "lexical" in found.json()["hits"][0]["found_by"]


@pytest.mark.parametrize("path", ["/rooms", "/rooms/{room}/agent-joined"])
async def test_an_unknown_language_is_refused_with_the_choices(
    api: httpx.AsyncClient, room_name: str, path: str
) -> None:
    body = {"identity": "agent-1", "language": "klingon"}
    body |= {"name": room_name} if path == "/rooms" else {"session_id": "s1"}
    response = await api.post(path.format(room=quote(room_name, safe="")), json=body)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["field"] == "language"
    assert "german" in error["message"]
    assert "simple" in error["message"]


async def test_an_agent_can_name_the_language_of_a_room_that_it_makes(
    api: httpx.AsyncClient, room_name: str
) -> None:
    body = {"identity": "agent-1", "session_id": "s1", "language": "de-AT"}
    response = await api.post(f"/rooms/{quote(room_name, safe='')}/agent-joined", json=body)
    assert response.status_code == 200
