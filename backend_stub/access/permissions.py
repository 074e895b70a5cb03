"""What a route needs, and what each scope of a key permits."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Literal, get_args

from starlette.exceptions import HTTPException

from retrieval.store.api_keys import Scope

Permission = Literal[
    "rooms",
    "append",
    "read",
    "search",
    "run",
    "tokens",
    "import",
    "export",
    "correct",
    "erase",
    "inspect",
]
"""`rooms`: make rooms and conversations. `run`: be the agent of a room, its events and sessions.
`tokens`: make tokens of conversations. `import`: store what an export has. `export`: read what all
conversations have of a person. `correct`: change messages. `erase`: erase them. `inspect`: see
which rooms there are, how they are doing, and what happened in each.
"""

ALL: frozenset[Permission] = frozenset(get_args(Permission))
PERMITTED: dict[Scope, frozenset[Permission]] = {
    "agent": frozenset({"rooms", "append", "read", "search", "run", "tokens", "import", "correct"}),
    "search": frozenset({"read", "search"}),
    "backfill": frozenset({"rooms", "append", "import"}),
    "operator": frozenset({"inspect", "read", "search", "export", "import", "correct", "erase"}),
    "admin": ALL,
}
EXTENSION = "x-longroom-permission"
UNLIMITED = "x-longroom-unlimited"


def needs(permission: Permission, *, unlimited: bool = False) -> dict[str, Any]:
    """A route's `openapi_extra`: the description tells it, and GuardedRoute demands it."""
    return {EXTENSION: permission, **({UNLIMITED: True} if unlimited else {})}


def permitted(scopes: Iterable[Scope]) -> frozenset[Permission]:
    return frozenset().union(*(PERMITTED[scope] for scope in scopes))


def demand(permission: Permission, given: frozenset[Permission]) -> None:
    """Raises HTTPException 403, which names the scopes that would do."""
    if permission in given:
        return
    scopes = [scope for scope, permissions in PERMITTED.items() if permission in permissions]
    raise HTTPException(
        HTTPStatus.FORBIDDEN,
        f"this key may not {_WHAT[permission]}; that needs the scope {' or '.join(scopes)}",
    )


_WHAT: dict[Permission, str] = {
    "rooms": "make rooms and conversations",
    "append": "append messages",
    "read": "read messages",
    "search": "search",
    "run": "run rooms",
    "tokens": "make or revoke tokens",
    "import": "import conversations",
    "export": "export what conversations have of a person",
    "correct": "correct messages",
    "erase": "erase",
    "inspect": "inspect rooms",
}
