"""Which errors of asyncpg and the network mean that the database is away for now."""

import asyncpg

# InternalClientError: the server's last word was an error that nobody awaited.
# ReadOnlySQLTransactionError: the server became a standby; its name may lead to another by now.
_CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
)

DATABASE_AWAY = (
    *_CONNECTION_LOST,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
)
"""Away, starting, stopping, closed to us, full, locked or read-only: a retry may help."""


def connection_lost(error: object) -> bool:
    """Whether the connection that raised this is of no more use.

    A statement that ran out of time leaves its connection well, and has to be cancelled on it.
    """
    return isinstance(error, _CONNECTION_LOST) and not isinstance(error, TimeoutError)
