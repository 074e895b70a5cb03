import secrets
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from tests.support.wire_examples import summary


@pytest.mark.parametrize("name", ["AJ_x", "with / slash", "ü"])
async def test_a_session_is_saved_and_saved_again(
    api: httpx.AsyncClient, conversation_id: UUID, name: str
) -> None:
    path = f"/sessions/{quote(f'{name} {secrets.token_hex(4)}', safe='')}"
    begun = summary(conversation_id=str(conversation_id))
    ended = begun | {
        "ended_at": "2025-03-01T12:30:00Z",
        "participants": ["ada", "grace"],
        "usage": {"llm_prompt_tokens": 18_200},
        "close_reason": "participant_disconnected",
    }

    for body in (begun, ended, ended):
        response = await api.put(path, json=body)
        assert (response.status_code, response.content) == (204, b""), response.text
