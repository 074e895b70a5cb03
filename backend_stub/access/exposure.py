"""Who sees the figures and the API's description, which hold no text."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request

from backend_stub.access.credentials import is_loopback
from backend_stub.settings import BackendSettings, Exposed


def exposed(setting: Exposed | None, settings: BackendSettings) -> Exposed:
    """Unset: open on loopback and in an open backend, else for who has a key."""
    if setting is not None:
        return setting
    return "open" if settings.open or is_loopback(settings.host) else "key"


def seen_as(part: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency. HTTPException 401 without a key of any scope, 403 for a token, 404 if off."""

    async def check(request: Request) -> None:
        state = request.app.state
        match state.exposed[part]:
            case "off":
                raise HTTPException(HTTPStatus.NOT_FOUND)
            case "key":
                caller = await state.callers.identify(request.headers, state.resources.keyring)
                caller.check_conversation(None)

    return check
