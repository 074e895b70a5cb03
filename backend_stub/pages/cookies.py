"""Sessions of browsers: a random secret in a cookie that scripts do not see, its digest stored."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from backend_stub.pages.sources import csrf_token, is_encrypted
from backend_stub.resources import Resources
from retrieval.store.pages import sessions
from retrieval.store.pages.sessions import PageKind, PageSession
from retrieval.wire import ConversationId

_MAX_SECRET_CHARS: Final = 100


@dataclass(frozen=True)
class OpenSession:
    """A session as this request has it."""

    stored: PageSession
    secret: str

    @property
    def csrf(self) -> str:
        return csrf_token(self.secret)


async def current(request: Request, kind: PageKind) -> OpenSession | None:
    """None without a cookie of a session that lasts. Raises an error of DATABASE_AWAY."""
    for secret in _secrets(request, kind):
        stored = await sessions.find(_resources(request).pools.background, secret, kind=kind)
        if stored is not None:
            return OpenSession(stored, secret)
    return None


async def begin(
    request: Request,
    response: Response,
    secret: str,
    *,
    kind: PageKind,
    lasts: timedelta,
    key_id: str | None = None,
    key_mark: bytes | None = None,
    room: str | None = None,
    identity: str | None = None,
    invitation_id: str | None = None,
    conversation_id: ConversationId | None = None,
) -> None:
    """Under a new `secret` always (`sessions.new_secret`): one that somebody else may have set in
    this browser ends with it, and so does the browser's session before.
    """
    await end(request, response, kind, room=room)
    await sessions.begin(
        _resources(request).pools.background,
        secret,
        kind=kind,
        lasts=lasts,
        key_id=key_id,
        key_mark=key_mark,
        room=room,
        identity=identity,
        invitation_id=invitation_id,
        conversation_id=conversation_id,
    )
    encrypted = is_encrypted(request)
    response.set_cookie(
        _name(kind, encrypted=encrypted),
        secret,
        max_age=int(lasts.total_seconds()),
        path=_path(kind, room),
        secure=encrypted,
        httponly=True,
        samesite="strict",
    )


async def end(
    request: Request, response: Response, kind: PageKind, *, room: str | None = None
) -> None:
    for secret in _secrets(request, kind):
        await sessions.end(_resources(request).pools.background, secret)
    for encrypted in (False, True):
        name = _name(kind, encrypted=encrypted)
        if name in request.cookies:
            response.delete_cookie(
                name, path=_path(kind, room), secure=encrypted, httponly=True, samesite="strict"
            )


def _path(kind: PageKind, room: str | None) -> str:
    """A browser may be in several rooms, under a name of its own in each."""
    return "/inspect" if kind == "inspector" else f"/room/{quote(room or '', safe='')}"


def _name(kind: PageKind, *, encrypted: bool) -> str:
    """Of an encrypted page with a prefix by which browsers let no unencrypted one set it."""
    return f"__Secure-longroom_{kind}" if encrypted else f"longroom_{kind}"


def _secrets(request: Request, kind: PageKind) -> list[str]:
    named = (request.cookies.get(_name(kind, encrypted=yes)) for yes in (True, False))
    return [secret for secret in named if secret and len(secret) <= _MAX_SECRET_CHARS]


def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources
