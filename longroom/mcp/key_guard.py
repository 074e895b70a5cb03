"""The key that hosts send over HTTP, as clients send theirs to the backend."""

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_stub.access.credentials import Credentials


class KeyGuard:
    """Refuses what comes without the key, before any of it is read."""

    def __init__(self, app: ASGIApp, key: SecretStr) -> None:
        self._app = app
        self._credentials = Credentials(key, local_only=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        if scope["type"] == "http":
            try:
                self._credentials.check(Headers(scope=scope))
            except HTTPException as refusal:
                app = PlainTextResponse(refusal.detail, refusal.status_code, refusal.headers)
        await app(scope, receive, send)
