"""DATABASE_URL and its siblings, or the embedded database; and the state of its schema."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from longroom.embedded_postgres.server import EmbeddedPostgres, embedded_logins
from longroom.embedded_postgres.start_steps import Step, start_steps, untold
from longroom.embedded_postgres.supervisor import running_postgres
from longroom.progress import ProgressBars
from retrieval.database import migrations
from retrieval.database.connection import open_connection
from retrieval.database.logins import let_log_in
from retrieval.database.pool import connect
from retrieval.database.refusals import REFUSALS, check_sees_all, explained
from retrieval.database.roles import APP, BACKGROUND
from retrieval.database.unreachable import variable_of
from retrieval.errors import DatabaseUnfit
from retrieval.settings import DatabaseSettings, Logins
from retrieval.store.indexes import reindexing

if TYPE_CHECKING:
    from retrieval.database.connection import Database

T = TypeVar("T")


@contextmanager
def database_logins(data_dir: Path) -> Iterator[Logins]:
    """Those of DATABASE_URL, or of the embedded database, which runs inside the block.

    Raises DatabaseUnfit for what the database refuses in there.
    """
    configured = _configured()
    if configured is not None:
        with _refusals_told(configured.owner):
            yield configured
        return
    server = EmbeddedPostgres(data_dir)
    try:
        with start_steps() as step:
            url = server.start(step)
        yield embedded_logins(url)
    finally:
        server.stop()


@contextmanager
def _refusals_told(url: str) -> Iterator[None]:
    try:
        yield
    except REFUSALS as error:
        raise asyncio.run(_explained(url, error)) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        what = f"the database of {variable_of(url)} refused or went away: {error}"
        raise DatabaseUnfit(what, "`longroom doctor` examines it") from error


async def _explained(url: str, error: asyncpg.PostgresError) -> DatabaseUnfit:
    connection = await open_connection(url)
    try:
        return await explained(connection, error)
    finally:
        await connection.close()


@contextmanager
def migrated_database(data_dir: Path) -> Iterator[Logins]:
    """Like `database_logins`; migrates the embedded database, but never DATABASE_URL."""
    with database_logins(data_dir) as logins:
        if _configured() is None:
            with start_steps() as step:
                asyncio.run(_prepare_embedded(logins, step))
        yield logins


def on_database(work: "Callable[[Database], Awaitable[T]]", *, data_dir: Path) -> T:
    """As the owner, on a migrated database. Raises DatabaseUnfit if DATABASE_URL is none, or its
    login too weak.
    """
    with migrated_database(data_dir) as logins:
        return asyncio.run(_on(logins.owner, work))


def on_pool(work: "Callable[[Database], Awaitable[T]]", *, data_dir: Path) -> T:
    """As the background does, with vectors as the backend reads them. Raises DatabaseUnfit."""
    with migrated_database(data_dir) as logins:
        return asyncio.run(_on_pool(logins.background, work))


async def _on_pool(url: str, work: "Callable[[Database], Awaitable[T]]") -> T:
    pool = await connect(url, pool_size=1, role=BACKGROUND)
    try:
        return await work(pool)
    finally:
        await pool.close()


async def _on(url: str, work: "Callable[[Database], Awaitable[T]]") -> T:
    connection = await open_connection(url)
    try:
        await check_sees_all(connection)
        return await work(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def embedded_database(data_dir: Path, *, step: Step = untold) -> AsyncIterator[Logins]:
    """The embedded database, migrated, and restarted when it was killed."""
    async with running_postgres(data_dir, step=step) as url:
        logins = embedded_logins(url)
        await _prepare_embedded(logins, step)
        yield logins


async def _prepare_embedded(logins: Logins, step: Step = untold) -> None:
    step("bringing the tables up to date")
    await migrations.migrate(logins.owner)
    # Who reaches its socket, in a private folder, is asked for no password.
    await let_log_in(logins.owner, dict.fromkeys((APP, BACKGROUND)))


async def apply_missing(logins: Logins) -> list[str]:
    """Returns their names; the roles log in with the passwords that are set, if any are."""
    applied = await migrations.migrate(logins.owner)
    if _configured() is None:
        await _prepare_embedded(logins)
    else:
        await let_log_in(logins.owner, DatabaseSettings().passwords())
    return applied


async def index_anew(logins: Logins, bars: ProgressBars) -> int:
    """Rooms of an older text layer; returns their number."""
    pool = await connect(logins.background, pool_size=1, role=BACKGROUND)
    try:
        rooms = await reindexing.outdated(pool)
        with bars.step("messages indexed anew", sum(one.messages for one in rooms)) as advance:
            for one in rooms:
                await reindexing.reindex(pool, one.conversation_id, on_indexed=advance)
        return len(rooms)
    finally:
        await pool.close()


async def missing(logins: Logins) -> list[str]:
    connection = await open_connection(logins.owner)
    try:
        return [migration.name for migration in await migrations.pending(connection)]
    finally:
        await connection.close()


def _configured() -> Logins | None:
    settings = DatabaseSettings()
    return None if settings.direct() is None else settings.logins(instead="longroom backend")
