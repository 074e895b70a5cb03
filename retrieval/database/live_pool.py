"""A pool of live connections, which can be had as one conversation sees the database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from retrieval.database.connection import BeginningConnection, transaction_on
from retrieval.database.outage import connection_lost
from retrieval.database.scope import Scope, Scoped

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from retrieval.database.connection import Record

PLANNED_ONCE = ";set local plan_cache_mode = force_generic_plan"
EVERYWHERE = Scope()
"""Nothing of any conversation, for the requests' role; for others, all."""


class LivePool(asyncpg.Pool):
    """Of live connections: a lost one may not know it yet, and would fail its next user.

    Every acquire, also those inside fetch() and execute(), ends after `acquire_timeout_s`. It is
    one transaction where `transaction_settings` are given, and where it has a scope.
    """

    def __init__(
        self,
        *arguments: Any,
        acquire_timeout_s: float | None,
        transaction_settings: Mapping[str, str],
        **options: Any,
    ) -> None:
        super().__init__(*arguments, connection_class=BeginningConnection, **options)
        self._acquire_timeout_s = acquire_timeout_s
        self._begin = "".join(
            f";set local {name} = {value}" if "," in value else f";set local {name} = '{value}'"
            for name, value in transaction_settings.items()
        )

    def of(self, conversation_id: UUID) -> Scoped:
        """What that conversation sees."""
        return Scoped(self, Scope(conversation_id))

    def of_names(self, *, room: str | None = None, key: str | None = None) -> Scoped:
        """What can be seen of a room and a key before their conversation is known."""
        return Scoped(self, Scope(room=room, key=key))

    @asynccontextmanager
    async def acquire(  # type: ignore[override]  # `await pool.acquire()` is not for us
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature of asyncpg
        scope: Scope = EVERYWHERE,
    ) -> AsyncIterator["PoolConnectionProxy[Record]"]:
        begin = self._begin + scope.statements()
        async with super().acquire(
            timeout=self._acquire_timeout_s if timeout is None else timeout
        ) as connection:
            try:
                if not begin:
                    yield connection
                else:
                    async with _beginning(connection, begin, planned_once=scope.planned_once):
                        yield connection
            except BaseException as error:
                if connection_lost(error):
                    connection.terminate()
                if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                    await self.expire_connections()  # the others lead to the same standby
                raise


@asynccontextmanager
async def _beginning(
    connection: "PoolConnectionProxy[Record]", set_local: str, *, planned_once: bool
) -> AsyncIterator[None]:
    own: BeginningConnection = connection._con  # type: ignore[attr-defined]  # of asyncpg's proxy
    own.set_local = set_local + (PLANNED_ONCE if planned_once and not own.sharded else "")
    try:
        async with transaction_on(connection):
            own.set_local = ""
            yield
    finally:
        own.set_local = ""
