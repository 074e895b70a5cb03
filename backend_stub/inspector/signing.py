"""Signing in with a key, which is looked at once, and out."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend_stub.access.caller_limits import address_of, check_wait
from backend_stub.access.rates import Rate
from backend_stub.inspector.routing import HOME, INSPECT, SIGN_IN, inspector_router, still_valid
from backend_stub.pages import cookies
from backend_stub.pages.rendering import render
from backend_stub.pages.routing import PageRoute, is_fragment
from retrieval.store.pages import sessions

LASTS: Final = timedelta(hours=12)
MAX_FORM_BYTES: Final = 8_192
FAILURES_S: Final = 0.5
"""Of one address: five at once, and then one in two seconds."""

outside = APIRouter(route_class=PageRoute, include_in_schema=False)
inside = inspector_router()


@outside.get(SIGN_IN)
async def sign_in_page(request: Request) -> Response:
    if request.app.state.callers.are_open:
        return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
    # Behind a link of another site the browser held the cookie back; a page of ours gets it.
    if request.headers.get("sec-fetch-site") == "cross-site":
        return render(request, "inspector/again.html")
    session = await cookies.current(request, "inspector")
    wanted = _inside(request.query_params.get("next", ""))
    if session is not None and await still_valid(request, session) is not None:
        return RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
    return _form(request, wanted)


@outside.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    state = request.app.state
    failures: Rate = state.sign_in_failures
    address = address_of(request)
    check_wait(failures, address, what="attempts from this address")
    given = await _form_fields(request)
    wanted = _inside(given.get("next", ""))
    caller = await state.callers.by_key(_key(given), state.resources.keyring)
    if caller is None:
        failures.use(address)
        return _form(request, wanted, refused="This is not a valid key.")
    if INSPECT not in caller.permissions:
        failures.use(address)
        return _form(
            request,
            wanted,
            refused="This key may not inspect: it needs the scope operator or admin.",
        )
    secret = sessions.new_secret()
    response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
    await cookies.begin(
        request,
        response,
        secret,
        kind="inspector",
        lasts=LASTS,
        key_id=caller.key_id,
        key_mark=state.callers.key_mark(caller.key_id, secret),
    )
    request.state.caller = caller
    return response


@inside.post("/sign-out")
async def sign_out(request: Request) -> Response:
    response = (
        Response(headers={"HX-Redirect": SIGN_IN})
        if is_fragment(request)
        else RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
    )
    await cookies.end(request, response, "inspector")
    return response


def new_failures() -> Rate:
    return Rate(FAILURES_S)


def _form(request: Request, wanted: str, *, refused: str = "") -> Response:
    status = HTTPStatus.FORBIDDEN if refused else HTTPStatus.OK
    return render(request, "inspector/sign_in.html", status=status, next=wanted, refused=refused)


async def _form_fields(request: Request) -> dict[str, str]:
    """Raises HTTPException 413, before who sends it is known."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the form is too large")
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=4)
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "this is not the form") from None
    return {name: values[0] for name, values in fields.items()}


def _key(fields: dict[str, str]) -> str:
    """Headers carry keys as Latin-1, and so does the comparison."""
    given = fields.get("key", "").strip()
    return given.encode("latin-1", "replace").decode("latin-1")


def _inside(wanted: str) -> str:
    """A page of the inspector: nobody is led elsewhere by a link to the sign-in."""
    parts = urlsplit(wanted) if wanted.isprintable() and "\\" not in wanted else urlsplit("")
    inside = not parts.scheme and not parts.netloc and f"{parts.path}/".startswith(f"{HOME}/")
    return wanted if inside and ".." not in parts.path else HOME
