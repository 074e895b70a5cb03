"""What a login may not do, as a line that names the login, what is missing, and the mend."""

from typing import TYPE_CHECKING

import asyncpg

from retrieval.database.roles import Role
from retrieval.errors import DatabaseUnfit, RoleRefused, SchemaMismatch

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

REFUSALS = (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedTableError)
"""Tables of a schema that a login may not use are not there, for it."""

# Before the first migration the schema's owner will be the database's.
LOGIN = """
select quote_ident(session_user) as login,
       quote_ident(pg_get_userbyid(coalesce(
           (select nspowner from pg_namespace where nspname = 'longroom'),
           (select datdba from pg_database where datname = current_database())))) as owner,
       coalesce(has_schema_privilege(to_regnamespace('longroom')::oid, 'usage'), true) as may_look
"""


async def explained(
    connection: "Connection", error: asyncpg.PostgresError, *, grant: Role | None = None
) -> DatabaseUnfit:
    """One of REFUSALS; `grant` is the role that would do instead of the owner."""
    row = await connection.fetchrow(LOGIN)
    assert row is not None  # noqa: S101  # it has no `from`
    if isinstance(error, asyncpg.UndefinedTableError) and row["may_look"]:
        return SchemaMismatch("the database lacks migrations", "run `longroom migrate`")
    what = f"the database login {row['login']} may not do this ({error})"
    if "create database" in str(error):
        mend = f"or run as an administrator: alter role {row['login']} createdb"
        return RoleRefused(what, f"set DATABASE_OWNER_URL to an address with one that may, {mend}")
    return RoleRefused(what, _mend(row["login"], row["owner"], grant))


SEES_ALL = """
select pg_has_role(current_user, relowner, 'usage')
       or coalesce((select pg_has_role(current_user, oid, 'usage')
                      from pg_roles
                     where rolname = 'longroom_background'), false)
  from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace
 where nspname = 'longroom' and relname = 'message'
"""


async def check_sees_all(connection: "Connection") -> None:
    """Raises RoleRefused for a login that sees a conversation at a time: to it, others' rows are
    not there. Quiet without our tables: what makes them is missing, and will be named.
    """
    if await connection.fetchval(SEES_ALL) is not False:
        return
    row = await connection.fetchrow(LOGIN)
    assert row is not None  # noqa: S101  # it has no `from`
    raise RoleRefused(
        f"the database login {row['login']} may not read the tables as a whole",
        _mend(row["login"], row["owner"]),
    )


def _mend(login: str, owner: str, grant: Role | None = None) -> str:
    owned = f"set DATABASE_OWNER_URL to an address with the user who owns the tables: {owner}"
    return owned if grant is None else f"{owned}, or run as that user: grant {grant} to {login}"
