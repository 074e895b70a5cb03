from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.wire_examples import event


async def test_events_of_every_kind_are_recorded(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    kinds = ["transcription", "speech", "error", "action", "metric"]
    events = [event(id=kind, kind=kind, participant="ada") for kind in kinds]

    response = await api.post(f"/conversations/{conversation_id}/events", json={"events": events})

    assert (response.status_code, response.json()["recorded"]) == (200, 5)


async def test_an_event_sent_twice_is_recorded_once(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    path = f"/conversations/{conversation_id}/events"
    await api.post(path, json={"events": [event(id="a")]})

    again = await api.post(path, json={"events": [event(id="a"), event(id="b"), event(id="b")]})

    assert again.json()["recorded"] == 1


async def test_the_same_event_id_in_two_conversations_is_two_events(
    api: httpx.AsyncClient, conversation_id: UUID, other_conversation_id: UUID
) -> None:
    for conversation in (conversation_id, other_conversation_id):
        response = await api.post(
            f"/conversations/{conversation}/events", json={"events": [event()]}
        )
        assert response.json()["recorded"] == 1


async def test_any_json_is_data(api: httpx.AsyncClient, conversation_id: UUID) -> None:
    data = {"numbers": [1, 2.5, -(2**62)], "nested": {"a": [None, True, {"ü": "🚀"}]}, "": ""}

    response = await api.post(
        f"/conversations/{conversation_id}/events", json={"events": [event(data=data)]}
    )

    assert response.status_code == 200, response.text


async def test_the_newest_events_are_read_by_kind_and_time(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    path = f"/conversations/{conversation_id}/events"
    events = [
        event(
            id=f"e{n}",
            kind="metric" if n % 2 else "action",
            created_at=f"2025-03-01T12:00:{n:02}Z",
            data={"n": n, "deep": [{"a": None}]},
        )
        for n in range(10)
    ]
    await api.post(path, json={"events": events[::-1]})

    async def read(**query: str | int) -> list[str]:
        response = await api.get(path, params=query)
        assert response.status_code == 200, response.text
        return [one["id"] for one in response.json()["events"]]

    assert await read() == [f"e{n}" for n in range(10)]
    assert await read(limit=3) == ["e7", "e8", "e9"]
    assert await read(kind="metric", limit=2) == ["e7", "e9"]
    assert await read(kind="metric", since="2025-03-01T12:00:06Z") == ["e7", "e9"]
    assert await read(kind="error") == []
    [last] = (await api.get(path, params={"limit": 1})).json()["events"]
    assert last["data"] == {"n": 9, "deep": [{"a": None}]}


@pytest.mark.parametrize(
    "query", [{"kind": "gossip"}, {"limit": 0}, {"limit": 10_000}, {"since": "then"}]
)
async def test_a_bad_query_for_events_names_its_field(
    api: httpx.AsyncClient, conversation_id: UUID, query: dict[str, str | int]
) -> None:
    response = await api.get(f"/conversations/{conversation_id}/events", params=query)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == next(iter(query))


async def test_a_mistyped_parameter_is_refused_and_not_repeated(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    response = await api.get(f"/conversations/{conversation_id}/events", params={"sinc": "1"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "(unknown)"
    assert "sinc" not in response.text


async def test_events_of_an_unknown_conversation_are_not_found(api: httpx.AsyncClient) -> None:
    response = await api.get(f"/conversations/{uuid4()}/events")
    assert response.status_code == 404
