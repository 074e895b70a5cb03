"""A pool of live connections, which can be had as one conversation sees the database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from retrieval.database.connection import ROLLBACK_S, transaction_on
from retrieval.database.outage import connection_lost
from retrieval.database.scope import EVERYWHERE, Scope, Scoped
from retrieval.database.scoped_connection import ScopedConnection

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from retrieval.database.connection import Record


class LivePool(asyncpg.Pool):
    """Of live connections: a lost one may not know it yet, and would fail its next user.

    Every acquire, also those inside fetch() and execute(), ends after `acquire_timeout_s`. With
    `transaction_settings`, behind a pooler, each is one transaction.
    """

    def __init__(
        self,
        *arguments: Any,
        acquire_timeout_s: float | None,
        transaction_settings: Mapping[str, str],
        **options: Any,
    ) -> None:
        super().__init__(*arguments, connection_class=ScopedConnection, **options)
        self._acquire_timeout_s = acquire_timeout_s
        self._settings = transaction_settings

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
        """In that scope, and in no other: what an earlier user saw is not seen any more."""
        async with self._live(timeout) as connection:
            own = _own(connection)
            if own.keeps_scope and not self._settings:
                await own.see(scope)
                yield connection
            elif self._settings or scope != EVERYWHERE:
                own.begin_with(self._settings, scope)
                async with transaction_on(connection):
                    yield connection
            else:
                yield connection

    @asynccontextmanager
    async def transaction(self, scope: Scope) -> AsyncIterator["PoolConnectionProxy[Record]"]:
        """Begun and narrowed in one round trip."""
        async with self._live() as connection:
            _own(connection).begin_with(self._settings, scope)
            async with transaction_on(connection):
                yield connection

    @asynccontextmanager
    async def _live(
        self,
        timeout: float | None = None,  # noqa: ASYNC109  # as above
    ) -> AsyncIterator["PoolConnectionProxy[Record]"]:
        async with asyncio.timeout(self._acquire_timeout_s if timeout is None else timeout):
            connection = await super().acquire()
        try:
            yield connection
        except BaseException as error:
            if connection_lost(error):
                connection.terminate()
            if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                await self.expire_connections()  # the others lead to the same standby
            with suppress(TimeoutError):  # of a silent server, to which it is cut by then
                await self.release(connection, timeout=ROLLBACK_S)
            raise
        await self.release(connection, timeout=ROLLBACK_S)


def _own(connection: "PoolConnectionProxy[Record]") -> ScopedConnection:
    own: ScopedConnection = connection._con  # type: ignore[attr-defined]  # of asyncpg's proxy
    return own
