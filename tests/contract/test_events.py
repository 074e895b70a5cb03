from uuid import UUID

import httpx

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
