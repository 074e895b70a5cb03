from typing import Any
from uuid import UUID

import httpx

from retrieval.wire import STALE_EPOCH, Conversation, MessagePage, Problem
from tests.support.wire_examples import message


async def _join(api: httpx.AsyncClient, room: str, agent: str) -> int:
    body = {"identity": agent, "session_id": f"session of {agent}"}
    response = await api.post(f"/rooms/{room}/agent-joined", json=body)
    joined = Conversation.model_validate(response.json())
    assert joined.epoch is not None
    assert joined.now is not None
    return joined.epoch


async def _append(
    api: httpx.AsyncClient, conversation_id: UUID, body: dict[str, Any]
) -> httpx.Response:
    return await api.post(f"/conversations/{conversation_id}/messages", json=body)


async def test_a_replaced_agent_is_told_apart_from_a_conflict_and_hands_in_late(
    api: httpx.AsyncClient, conversation_id: UUID, room_name: str
) -> None:
    old = await _join(api, room_name, "one")
    new = await _join(api, room_name, "another")
    assert new > old
    await _append(api, conversation_id, {"messages": [message(id="b")], "epoch": new})

    refused = await _append(api, conversation_id, {"messages": [message(id="a")], "epoch": old})

    assert refused.status_code == 409
    problem = Problem.model_validate(refused.json())
    assert (problem.type, problem.ids) == (STALE_EPOCH, [])
    handed_in = await _append(api, conversation_id, {"messages": [message(id="a", epoch=old)]})
    assert handed_in.status_code == 200
    page = MessagePage.model_validate(
        (await api.get(f"/conversations/{conversation_id}/messages")).json()
    )
    assert {m.id: m.epoch for m in page.messages} == {"b": None, "a": old}


async def test_a_conflict_is_no_stale_epoch(
    api: httpx.AsyncClient, conversation_id: UUID, room_name: str
) -> None:
    epoch = await _join(api, room_name, "one")
    await _append(api, conversation_id, {"messages": [message()], "epoch": epoch})
    other = {"messages": [message(content="other words")], "epoch": epoch}
    problem = Problem.model_validate((await _append(api, conversation_id, other)).json())
    assert (problem.status, problem.type, problem.ids) == (409, "about:blank", ["m1"])
