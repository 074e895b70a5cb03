"""Why no connection could be made, with the address and the variable that it came from."""

import os
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

from retrieval.errors import DatabaseUnreachable

ADDRESSES = (
    "DATABASE_URL",
    "DATABASE_DIRECT_URL",
    "DATABASE_BACKGROUND_URL",
    "DATABASE_OWNER_URL",
)
NUMBER = re.compile(r"\[Errno (\d+)\]")
LOGIN_WRONG = (
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


def unreachable(url: str, error: Exception, *, within_s: float) -> DatabaseUnreachable:
    variable = variable_of(url)
    return DatabaseUnreachable(
        f"cannot connect to the database: {shown(url)} of {variable}: {_reason(error, within_s)}",
        _mend(error, variable),
    )


def unusable(url: str, error: Exception) -> DatabaseUnreachable:
    # Where a password has a sign of its own, that error may quote a part of it.
    reason = "its port is no number" if "invalid literal" in str(error) else str(error)
    return DatabaseUnreachable(
        f"{variable_of(url)} is not usable: {reason}",
        "write it as postgresql://user:password@host/database, with %2F, %23, %3F and %40 for"
        " /, #, ? and @ in the password",
    )


def shown(url: str) -> str:
    """Without a password, wherever it stands."""
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        return "the address"  # the password ends somewhere in there
    user, at, host = parts.netloc.rpartition("@")
    options = [pair for pair in parse_qsl(parts.query) if "password" not in pair[0].lower()]
    query = f"?{urlencode(options, safe='/')}" if options else ""
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}{query}"


def variable_of(url: str) -> str:
    """The environment variable that has this address: for messages alone."""
    return next((name for name in ADDRESSES if os.environ.get(name) == url), ADDRESSES[0])


def _reason(error: Exception, within_s: float) -> str:
    # A name may stand for several addresses, of which each was tried.
    numbers = dict.fromkeys(NUMBER.findall(str(error)))
    if numbers:
        return ", ".join(os.strerror(int(number)) for number in numbers)
    return str(error) or f"no answer within {within_s:g} s"


def _mend(error: Exception, variable: str) -> str:
    if isinstance(error, LOGIN_WRONG):
        return f"correct the user and the password in {variable}"
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return f"create that database, or correct {variable}"
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return f"grant its user connect on that database, or correct {variable}"
    if isinstance(error, asyncpg.PostgresError):
        return f"try again later, or correct {variable}"
    return f"start the database, or correct {variable}"
