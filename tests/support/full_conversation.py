"""A conversation with a row of every kind, said by a backend's callers as they say them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

START = datetime(2026, 3, 14, 9, 0, 0, 123_456, tzinfo=UTC)
ROLES = ("user", "assistant", "system", "tool")
HOSTILE = (
    '{"end": {"messages": 0}}',
    '"}\n{"conversation": {"room": "another"}}\n',
    "\u2028\u2029\x01\x1f\x7f\r\n\t\v\f\x85",
    "\u202e\u200b\ufeff\U000e0041\U0001faf4 grüße 日本 \\u0000 \\",
    "'; drop table message; --",
    "</script><!-- %s %(x)s {0} $1 -->",
    "x" * 65_536,
    "\U0001f600" * 65_536,
)
EVENT_KINDS = ("transcription", "speech", "error", "action", "metric")


def message(number: int) -> dict[str, Any]:
    """Some arrive late: their time is before that of what arrived before them."""
    hostile = HOSTILE[number % 400] if number % 400 < len(HOSTILE) else None
    late = timedelta(hours=1) if number % 97 == 0 else timedelta()
    return {
        "id": f"m/{number} ü" if number % 11 == 0 else f"m{number}",
        "role": ROLES[number % 4],
        "participant": ("Ana Ruiz", "bo\u0301b", "agent-1", "ada/..?#%")[number % 4],
        "content": hostile or f"message number {number}",
        "created_at": (START + timedelta(seconds=number) - late).isoformat(),
        "interrupted": number % 13 == 0,
        "metadata": {"n": number, "o": {"é": [1, 2.5, None, 1e22]}, "z": None, "": ""}
        if number % 7 == 0
        else {},
        **({"room": f"call {number % 3}"} if number % 5 == 0 else {}),
    }


def event(number: int) -> dict[str, Any]:
    moment = START + timedelta(seconds=number // 3)  # of some the id alone tells the order
    return {
        "id": f"e{number} ü\n",
        "kind": EVENT_KINDS[number % 5],
        "created_at": moment.isoformat(),
        "participant": (None, "Ana Ruiz", "bo\u0301b")[number % 3],
        "data": {"text": HOSTILE[number % 6], "n": [number, -(2**62), 1.5e300, {"a": None}]},
    }


def session(number: int) -> dict[str, Any]:
    ended = {
        "ended_at": (START + timedelta(minutes=number)).isoformat(),
        "close_reason": "participant_disconnected \U0001faf4",
    }
    return {
        "agent_identity": "agent-1",
        "started_at": (START + timedelta(minutes=number // 2)).isoformat(),
        "message_count": number,
        "participants": ["bo\u0301b", "Ana Ruiz", "ada/..?#%"][: number % 4],
        "usage": {"llm_prompt_tokens": number, "ü": {"a": [None, 0.1]}},
        **(ended if number % 2 else {}),
    }


async def fill(
    api: httpx.AsyncClient, *, key: str, messages: int, events: int = 300, sessions: int = 40
) -> str:
    """`api` is at the API root. Returns the conversation's id."""
    created = await _sent(api, "POST", "/conversations", {"key": key, "language": "de"})
    conversation_id: str = created["conversation_id"]
    for room in ("call 0", "call 1", "call 2"):
        name = f"{room} of {key}"
        await _sent(api, "POST", "/rooms", {"name": name, "conversation": key})
    path = f"/conversations/{conversation_id}"
    for first in range(0, messages, 250):
        batch = [message(n) for n in range(first, min(first + 250, messages))]
        for part in (batch[:12], batch[12:]):
            await _sent(api, "POST", f"{path}/messages", {"messages": part})
    await _corrected(api, path)
    await _late(api, key, path)
    for first in range(0, events, 100):
        batch = [event(n) for n in range(first, first + 100)]
        await _sent(api, "POST", f"{path}/events", {"events": batch})
    for number in range(sessions):
        body = session(number) | {"conversation_id": conversation_id}
        await _sent(api, "PUT", f"/sessions/{quote(f's/{number} ü', safe='')}", body)
    return conversation_id


async def _corrected(api: httpx.AsyncClient, path: str) -> None:
    """A few, one of them twice and one with other metadata."""
    for number, text in ((2, "corrected"), (5, HOSTILE[3]), (2, HOSTILE[1]), (7, "again")):
        body: dict[str, Any] = {"content": text}
        if number == 7:
            body["metadata"] = {"n": [None]}
        message_id = quote(message(number)["id"], safe="")
        await _sent(api, "PATCH", f"{path}/messages/{message_id}", body)


async def _late(api: httpx.AsyncClient, key: str, path: str) -> None:
    """Two agents in a room; then comes what the first one had accepted."""
    room = f"call 0 of {key}"
    for number in (1, 2):
        body = {"identity": f"agent-{number}", "session_id": f"{number}", "conversation": key}
        await _sent(api, "POST", f"/rooms/{quote(room, safe='')}/agent-joined", body)
    late = [
        {**message(n), "id": f"late {n}", "epoch": 1, "room": room, "content": "late"}
        for n in range(100_000, 100_004)
    ]
    await _sent(api, "POST", f"{path}/messages", {"messages": late})


async def _sent(api: httpx.AsyncClient, method: str, path: str, body: Any) -> Any:
    response = await api.request(method, path, json=body)
    assert response.is_success, response.text
    return response.json() if response.content else None
