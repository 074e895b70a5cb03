"""What the requests' role sees of the database: one conversation, and a room or key by its name."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True)
class Scope:
    """What the policies of row-level security compare with, and how statements are planned."""

    conversation_id: UUID | None = None
    room: str | None = None
    key: str | None = None
    planned_once: bool = False

    def settings(self) -> dict[str, str]:
        """All of them; empty for what is not seen."""
        return {
            "longroom.conversation": str(self.conversation_id or ""),
            "longroom.room": self.room or "",
            "longroom.key": self.key or "",
            "plan_cache_mode": "force_generic_plan" if self.planned_once else "force_custom_plan",
        }


EVERYWHERE: Final = Scope()
"""Nothing of any conversation, for the requests' role; for others, all."""


def literal(text: str) -> str:
    """Safe also where a server has standard_conforming_strings off."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


class ScopedSource(Protocol):
    """A pool whose connections can be had with a scope."""

    def acquire(
        self, *, scope: Scope = ...
    ) -> "AbstractAsyncContextManager[PoolConnectionProxy[Record]]": ...

    def transaction(
        self, scope: Scope
    ) -> "AbstractAsyncContextManager[PoolConnectionProxy[Record]]": ...


class Scoped:
    """A pool as one conversation sees it: a database for the functions of the store."""

    def __init__(self, pool: ScopedSource, scope: Scope) -> None:
        self._pool = pool
        self._scope = scope

    def of(self, conversation_id: UUID) -> "Scoped":
        """The same, seeing that conversation as well."""
        return Scoped(self._pool, replace(self._scope, conversation_id=conversation_id))

    def named(self, room: str) -> "Scoped":
        """The same, seeing the room of that name as well."""
        return Scoped(self._pool, replace(self._scope, room=room))

    def planned_once(self) -> "Scoped":
        """The same, planning each statement once for a connection, not with its parameters."""
        return Scoped(self._pool, replace(self._scope, planned_once=True))

    def acquire(self) -> "AbstractAsyncContextManager[PoolConnectionProxy[Record]]":
        return self._pool.acquire(scope=self._scope)

    def transaction(self) -> "AbstractAsyncContextManager[PoolConnectionProxy[Record]]":
        return self._pool.transaction(self._scope)

    async def execute(self, query: str, *args: Any) -> str:
        async with self.acquire() as connection:
            return await connection.execute(query, *args)

    async def fetch(self, query: str, *args: Any) -> "list[Record]":
        async with self.acquire() as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> "Record | None":
        async with self.acquire() as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(query, *args)

    async def executemany(self, query: str, args: Sequence[Sequence[Any]]) -> None:
        async with self.acquire() as connection:
            await connection.executemany(query, args)
