"""Two conversations full of canaries, and what the database holds of them before and after."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from retrieval.database.connection import open_connection

API = "/api/v1"
LETTERS = ("a", "b")
SERVICE_KEY = "the service key of this benchmark"

REFUSED = "noprobe"
"""Stands in all that is written without permission: the database must not have it."""
ALLOWED = "okprobe"
SAID_BY_TOKEN = "tokprobe"  # noqa: S105  # a mark of texts
SUBJECT = "ada"


@dataclass
class World:
    url: str
    database_url: str
    salt: str
    conversations: dict[str, UUID] = field(default_factory=dict)

    def canary(self, letter: str) -> str:
        """In every text of the conversation; no probe sends it."""
        return f"leak{letter}{self.salt}"

    def room(self, letter: str) -> str:
        """Can be guessed."""
        return f"room-{letter}"

    def message_id(self, letter: str) -> str:
        return f"m-{letter}-1"

    def participant(self, letter: str) -> str:
        return SUBJECT if letter == "a" else "hal"

    async def fill(self) -> None:
        headers = {"Authorization": f"Bearer {SERVICE_KEY}"}
        async with httpx.AsyncClient(
            base_url=self.url + API, headers=headers, timeout=60
        ) as client:
            for letter in LETTERS:
                self.conversations[letter] = await self._conversation(client, letter)

    async def _conversation(self, client: httpx.AsyncClient, letter: str) -> UUID:
        canary, noon = self.canary(letter), "2025-03-01T12:00:00Z"
        room = {"name": self.room(letter), "conversation": f"key {canary}"}
        made = await _done(client.post("/rooms", json=room))
        conversation_id = UUID(made["conversation_id"])
        here = f"/conversations/{conversation_id}"
        people = (self.participant(letter), f"somebody {canary}")
        messages = [
            {
                "id": f"m-{letter}-{number}",
                "role": "user",
                "participant": people[number % 2],
                "content": f"The ferry of {canary} leaves at {number}, said for the record.",
                "created_at": f"2025-03-01T12:00:{number:02d}Z",
                "metadata": {"ticket": canary},
            }
            for number in range(1, 9)
        ]
        await _done(client.post(f"{here}/messages", json={"messages": messages}))
        corrected = {"content": f"The ferry of {canary} leaves late."}
        await _done(client.patch(f"{here}/messages/m-{letter}-2", json=corrected))
        event = {"id": f"e-{letter}", "kind": "action", "created_at": noon, "data": {"x": canary}}
        await _done(client.post(f"{here}/events", json={"events": [event]}))
        session = {
            "conversation_id": str(conversation_id),
            "agent_identity": f"agent {canary}",
            "started_at": noon,
            "message_count": 8,
            "participants": [f"somebody {canary}"],
            "close_reason": canary,
        }
        answer = await client.put(f"/sessions/s-{letter}", json=session)
        assert answer.status_code == 204, answer.text
        return conversation_id


async def _done(request: Any) -> Any:
    answer = await request
    assert answer.is_success, answer.text
    return answer.json()


TABLES = """
select format('%I.%I', schemaname, tablename) as name
  from pg_tables
 where schemaname not in ('pg_catalog', 'information_schema')
   and tablename not like 'schema_migrations%'
 order by 1
"""
# What is there for good: rows of these tables are as they were, and none is missing.
KEPT = """
select 'message', message_id, conversation_id::text || role || participant || content ||
       metadata::text from message where message_id like 'm-%'
union all
select 'event', event_id, conversation_id::text || kind || data::text from conversation_event
 where event_id like 'e-%'
union all
select 'session', session_id, conversation_id::text || coalesce(close_reason, '') from session
 where session_id like 's-%'
union all
select 'room', name, conversation_id::text from room where name like 'room-%'
union all
select 'key', key, conversation_id::text from conversation_key where key like 'key leak%'
union all
select 'api key', key_id, scopes::text || coalesce(revoked_at::text, '') from api_key
union all
select 'revocation', conversation_id::text, issued_up_to::text from token_revocation
order by 1, 2, 3
"""
FOREIGN = """
select count(*) from message
 where (content || message_id || metadata::text) like '%tokprobe' || $1 || '%'
   and (role <> 'user' or participant <> $2 or conversation_id <> $3)
"""


async def kept(world: World) -> list[tuple[str, ...]]:
    connection = await open_connection(world.database_url)
    try:
        return [tuple(row) for row in await connection.fetch(KEPT)]
    finally:
        await connection.close()


async def changes(world: World, before: Iterable[tuple[str, ...]]) -> list[str]:
    """What was written, changed or deleted without permission."""
    after = await kept(world)
    gone = set(before) - set(after)
    found = [f"changed or gone: {kind} {name}" for kind, name, _ in gone]
    found += [f"new: {kind} {name}" for kind, name, _ in set(after) - set(before)]
    connection = await open_connection(world.database_url)
    try:
        for table in [row["name"] for row in await connection.fetch(TABLES)]:
            query = f"select count(*) from {table} as t where t::text like '%{REFUSED}%'"  # noqa: S608
            if count := await connection.fetchval(query):
                found.append(f"written without permission: {count} rows of {table}")
        for letter, conversation_id in world.conversations.items():
            if count := await connection.fetchval(FOREIGN, letter, SUBJECT, conversation_id):
                found.append(f"said in another's name, or elsewhere: {count} messages")
    finally:
        await connection.close()
    return found
