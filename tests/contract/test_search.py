from typing import Any
from uuid import UUID

import httpx
import pytest

from retrieval.wire import SearchResponse
from tests.support.wire_examples import message

SMALL_TALK = ["Good morning!", "How are you?", "Fine, thanks.", "Nice weather today."]


@pytest.fixture
async def talk(api: httpx.AsyncClient, conversation_id: UUID) -> list[dict[str, Any]]:
    """One fact by ada among small talk of ada, grace and the agent."""
    contents = [*SMALL_TALK, "The serial number of my pump is QX-20931.", *SMALL_TALK]
    speakers = ["grace", "grace", "ada", "grace", "ada", "grace", "grace", "ada", "agent"]
    batch = [
        message(
            id=f"m{number}",
            content=content,
            participant=speaker,
            role="assistant" if speaker == "agent" else "user",
            created_at=f"2025-03-{number + 1:02}T12:00:00Z",
        )
        for number, (content, speaker) in enumerate(zip(contents, speakers, strict=True))
    ]
    await api.post(f"/conversations/{conversation_id}/messages", json={"messages": batch})
    return batch


async def test_a_message_is_found_as_soon_as_it_is_stored(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    batch = [message(content="The serial number of my pump is QX-20931.")]
    await api.post(f"/conversations/{conversation_id}/messages", json={"messages": batch})

    found = await _search(api, conversation_id, query="pump serial number")

    assert [hit.message.id for hit in found.hits] == ["m1"]
    assert found.message_count == 1
    assert "lexical" in found.hits[0].found_by


async def test_the_best_hit_comes_first(
    api: httpx.AsyncClient, conversation_id: UUID, talk: list[dict[str, Any]]
) -> None:
    found = await _search(api, conversation_id, query="What is the serial number of the pump?")

    assert found.hits[0].message.id == "m4"
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)


async def test_an_exact_identifier_is_found(
    api: httpx.AsyncClient, conversation_id: UUID, talk: list[dict[str, Any]]
) -> None:
    found = await _search(api, conversation_id, query="QX-20931")

    assert found.hits[0].message.id == "m4"


async def test_no_more_hits_than_asked_for(
    api: httpx.AsyncClient, conversation_id: UUID, stored: list[dict[str, Any]]
) -> None:
    found = await _search(api, conversation_id, query="line number", limit=3)

    assert len(found.hits) == 3


async def test_excluded_messages_are_no_hits(
    api: httpx.AsyncClient, conversation_id: UUID, talk: list[dict[str, Any]]
) -> None:
    found = await _search(api, conversation_id, query="pump serial number", exclude_ids=["m4"])

    assert "m4" not in {hit.message.id for hit in found.hits}


async def test_neighbours_stand_on_both_sides_in_their_order(
    api: httpx.AsyncClient, conversation_id: UUID, talk: list[dict[str, Any]]
) -> None:
    found = await _search(api, conversation_id, query="pump serial number", neighbours=2, limit=1)

    [hit] = found.hits
    assert [near.id for near in hit.before] == ["m2", "m3"]
    assert [near.id for near in hit.after] == ["m5", "m6"]


async def test_neighbours_end_where_the_conversation_ends(
    api: httpx.AsyncClient, conversation_id: UUID, talk: list[dict[str, Any]]
) -> None:
    found = await _search(api, conversation_id, query="pump serial number", neighbours=10, limit=1)

    [hit] = found.hits
    assert [near.id for near in hit.before] == ["m0", "m1", "m2", "m3"]
    assert [near.id for near in hit.after] == ["m5", "m6", "m7", "m8"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"participants": ["ada"]}, {"m4"}),
        ({"participants": ["grace"]}, set()),
        ({"roles": ["user"]}, {"m4"}),
        ({"roles": ["assistant"]}, set()),
        ({"since": "2025-03-05T12:00:00Z"}, {"m4"}),
        ({"since": "2025-03-05T12:00:01Z"}, set()),
        ({"until": "2025-03-05T12:00:01Z"}, {"m4"}),
        ({"until": "2025-03-05T12:00:00Z"}, set()),
    ],
)
async def test_filters_let_through_only_what_they_name(
    api: httpx.AsyncClient,
    conversation_id: UUID,
    talk: list[dict[str, Any]],
    filters: dict[str, Any],
    expected: set[str],
) -> None:
    found = await _search(api, conversation_id, query="pump serial number", **filters)

    assert {hit.message.id for hit in found.hits} & {"m4"} == expected
    for hit in found.hits:
        _assert_passes(hit.message.model_dump(mode="json"), filters)


async def test_the_token_budget_bounds_the_answer(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    long = "the pump leaks again and again, " * 40
    batch = [message(id=f"m{number}", content=f"{number} {long}") for number in range(10)]
    await api.post(f"/conversations/{conversation_id}/messages", json={"messages": batch})

    found = await _search(api, conversation_id, query="pump leaks", token_budget=400, neighbours=1)

    assert found.hits
    texts = [hit.excerpt or hit.message.content for hit in found.hits]
    texts += [near.content for hit in found.hits for near in [*hit.before, *hit.after]]
    assert sum(len(text.split()) for text in texts) <= 400


@pytest.fixture
async def labelled(api: httpx.AsyncClient, conversation_id: UUID) -> None:
    """Messages of two topics, one of them by a tool and one by the system."""
    batch = [
        message(
            id=f"m{number}",
            content=f"The delivery of lamp {number} is on its way.",
            role=("user", "assistant", "system", "tool")[number % 4],
            metadata={"topic": ("pumps", "lamps")[number % 2], "ticket": number, "open": number < 4}
            if number
            else {},
        )
        for number in range(8)
    ]
    await api.post(f"/conversations/{conversation_id}/messages", json={"messages": batch})


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        ({"metadata": {"topic": "pumps"}}, {"m2", "m4", "m6"}),
        ({"metadata": {"topic": "lamps", "open": True}}, {"m1", "m3"}),
        ({"metadata": {"ticket": 5}}, {"m5"}),
        ({"metadata": {"ticket": 5.0}}, {"m5"}),
        ({"metadata": {"ticket": "5"}}, set()),
        ({"metadata": {"open": 1}}, set()),
        ({"metadata": {"nothing": None}}, set()),
        ({"metadata": {"topic": "pumps"}, "roles": ["system"]}, {"m2", "m6"}),
        ({"metadata": {"topic": "pumps"}, "exclude_ids": ["m2", "m4"]}, {"m6"}),
        ({"metadata": {}}, {f"m{number}" for number in range(8)}),
        ({"roles": ["tool"]}, {"m3", "m7"}),
        ({"roles": ["user", "assistant", "system", "tool"]}, {f"m{n}" for n in range(8)}),
    ],
)
async def test_only_messages_with_the_metadata_and_roles_asked_for_are_hits(
    api: httpx.AsyncClient,
    conversation_id: UUID,
    labelled: None,
    filters: dict[str, Any],
    allowed: set[str],
) -> None:
    found = await _search(api, conversation_id, query="delivery of the lamp", **filters)

    assert {hit.message.id for hit in found.hits} == allowed


async def test_an_explanation_names_the_parts_of_each_score(
    api: httpx.AsyncClient, conversation_id: UUID, talk: list[dict[str, Any]]
) -> None:
    explained = await _search(api, conversation_id, query="pump serial number", explain=True)
    plain = await _search(api, conversation_id, query="pump serial number")

    assert all(hit.parts for hit in explained.hits)
    assert all(hit.parts is None for hit in plain.hits)


async def test_another_room_finds_nothing_of_this_one(
    api: httpx.AsyncClient, other_conversation_id: UUID, talk: list[dict[str, Any]]
) -> None:
    found = await _search(api, other_conversation_id, query="pump serial number QX-20931")

    assert (found.hits, found.relevant, found.message_count) == ([], False, 0)


@pytest.mark.parametrize(
    "query",
    ["the of and", "?!… ", "🚀", "' or 1=1 --", "a & | ! :* <-> b", "word " * 800, "x" * 4_096],
    ids=["stop words", "punctuation", "emoji", "SQL", "tsquery", "800 words", "one long word"],
)
async def test_any_text_is_a_query(
    api: httpx.AsyncClient, conversation_id: UUID, talk: list[dict[str, Any]], query: str
) -> None:
    found = await _search(api, conversation_id, query=query)

    assert found.message_count == len(talk)


def _assert_passes(hit: dict[str, Any], filters: dict[str, Any]) -> None:
    assert hit["participant"] in filters.get("participants", [hit["participant"]])
    assert hit["role"] in filters.get("roles", [hit["role"]])
    assert hit["created_at"] >= filters.get("since", hit["created_at"])
    assert hit["created_at"] < filters.get("until", "9999")


async def _search(api: httpx.AsyncClient, conversation_id: UUID, **request: Any) -> SearchResponse:
    response = await api.post(f"/conversations/{conversation_id}/search", json=request)
    assert response.status_code == 200, response.text
    return SearchResponse.model_validate(response.json())
