"""Database logins: the roles may log in by themselves, and what a login may do beyond its role."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

import asyncpg

from retrieval.database.connection import open_connection
from retrieval.errors import DatabaseUnfit, RoleRefused

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

ITERATIONS = 4096  # what servers take by default

# Not where it may log in: of several processes that start at once, one alone could alter it.
ALLOW = """
select format('alter role %I login', $1::text)
  from pg_roles
 where rolname = $1 and not rolcanlogin
"""

ALLOW_WITH = """
select format('alter role %I login password %L', $1::text, $2::text)
"""


async def let_log_in(url: str, passwords: Mapping[str, str | None]) -> None:
    """By role; None for a server that asks it for no password. Raises DatabaseUnfit."""
    if not passwords:
        return
    connection = await open_connection(url)
    try:
        for role, password in passwords.items():
            if password is None:
                statement = await connection.fetchval(ALLOW, role)
            else:
                statement = await connection.fetchval(ALLOW_WITH, role, verifier(password))
            if statement is not None:
                await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        raise RoleRefused(
            f"this user may not let the roles log in ({error})",
            "let an administrator of the database server run:"
            f" alter role {' login; alter role '.join(passwords)} login",
        ) from error
    finally:
        await connection.close()


def verifier(password: str) -> str:
    """What the server keeps instead of the password, which so stands in no log of statements.

    SCRAM-SHA-256 (RFC 5803). Raises DatabaseUnfit for what clients would write in different ways.
    """
    if not (password.isascii() and password.isprintable()):
        raise DatabaseUnfit("a database password must be of printable ASCII characters")
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(one).decode() for one in (salt, stored, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt64}${stored64}:{server64}"


POWERS = """
select rolsuper as "is a superuser",
       rolbypassrls as "bypasses row-level security",
       exists (select from pg_class
                where relnamespace = to_regnamespace('longroom') and relkind in ('r', 'p')
                  and pg_has_role(me.oid, relowner, 'member')) as "may act as the tables' owner",
       coalesce((select pg_has_role(me.oid, background.oid, 'member')
                   from pg_roles background
                  where rolname = 'longroom_background'), false) as "may act as longroom_background"
  from pg_roles me
 where rolname = session_user
"""


async def powers(connection: "Connection") -> list[str]:
    """What a login of requests may do that lets statements pass the wall; the first says it all."""
    row = await connection.fetchrow(POWERS)
    found = [] if row is None else [power for power, held in row.items() if held]
    return found[:1] if found and found[0] == "is a superuser" else found


OWNS = """
select pg_has_role(current_user, relowner, 'usage')
  from pg_class
 where oid = 'message'::regclass
"""


async def owns_tables(url: str) -> bool:
    connection = await open_connection(url)
    try:
        owns: bool = await connection.fetchval(OWNS)
    finally:
        await connection.close()
    return owns
