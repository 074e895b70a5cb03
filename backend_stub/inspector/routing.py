"""Routes of the inspector: for who is signed in, and may do what the route needs."""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.requests import Request

from backend_stub.access.caller_limits import admit
from backend_stub.access.callers import OPEN, Caller
from backend_stub.access.permissions import EXTENSION, Permission, demand
from backend_stub.pages import cookies
from backend_stub.pages.key_holders import holder
from backend_stub.pages.routing import PageRoute, SignInNeeded, wants_page
from backend_stub.pages.sources import OPEN_TOKEN, check_csrf

INSPECT: Final[Permission] = "inspect"
"""What every route needs that does not say otherwise by `openapi_extra=needs(…)`."""
HOME: Final = "/inspect"
SIGN_IN: Final = "/inspect/sign-in"


class InspectorRoute(PageRoute):
    async def admit(self, request: Request) -> None:
        caller, csrf = await _signed_in(request)
        check_csrf(request, csrf)
        permission: Permission = (self.openapi_extra or {}).get(EXTENSION, INSPECT)
        demand(INSPECT, caller.permissions)
        demand(permission, caller.permissions)
        request.state.caller = caller
        request.state.page = {"caller": caller, "csrf": csrf, "is_open": caller.key_id == OPEN}
        shares = request.app.state.limits.shares(caller, request.path_params)
        request.state.shares = shares
        admit(shares)


def inspector_router() -> APIRouter:
    """Its paths begin with /inspect; templates get `caller`, `csrf` and `is_open`."""
    return APIRouter(route_class=InspectorRoute, prefix=HOME, include_in_schema=False)


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


SignedIn = Annotated[Caller, Depends(_caller)]
"""Who is signed in, with `permissions`."""


async def _signed_in(request: Request) -> tuple[Caller, str]:
    """And the token that his page's writes carry. Raises HTTPException."""
    state = request.app.state
    if state.callers.are_open:
        return state.callers.without_key(request.headers), OPEN_TOKEN
    session = await cookies.current(request, "inspector")
    caller = None if session is None else await still_valid(request, session)
    if session is None or caller is None:
        raise SignInNeeded(_sign_in_for(request))
    return caller, session.csrf


async def is_signed_in(request: Request) -> bool:
    """Still, of a request that was admitted. Raises an error of DATABASE_AWAY."""
    if request.app.state.callers.are_open:
        return True
    session = await cookies.current(request, "inspector")
    caller = None if session is None else await still_valid(request, session)
    return caller is not None and INSPECT in caller.permissions


async def still_valid(request: Request, session: cookies.OpenSession) -> Caller | None:
    """None if the key that signed in is not valid any more."""
    stored = session.stored
    return await holder(request, stored.key_id, stored.key_mark, secret=session.secret)


def _sign_in_for(request: Request) -> str:
    """Back to this page afterwards, if it is one."""
    if request.method != "GET" or not wants_page(request) or request.url.path == HOME:
        return SIGN_IN
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{SIGN_IN}?next={quote(here, safe='')}"
