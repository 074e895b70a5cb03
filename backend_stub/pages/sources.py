"""Which page a browser's request comes from: one of ours, or it is refused (CSRF)."""

import hmac
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

CSRF: Final = "X-Longroom-CSRF"
"""A header, which no page of another origin can send without being asked about it (CORS)."""
OPEN_TOKEN: Final = "open"  # noqa: S105  # no secret: an open backend has none
_SAFE: Final = frozenset({"GET", "HEAD"})


def check_source(request: Request) -> None:
    """Raises HTTPException 403.

    Reads: what other origins' pages navigate to may be shown, what they load or frame may not.
    Writes: from our own pages alone, by what the browser says of them; without it, refused.
    """
    site = request.headers.get("sec-fetch-site")
    if request.method in _SAFE:
        if site in ("cross-site", "same-site") and not _navigates(request):
            raise _refused("it was loaded by a page of another origin")
        return
    if site is not None and site != "same-origin":
        raise _refused("it was sent by a page of another origin")
    origin = request.headers.get("origin")
    if origin is None and site is None:
        raise _refused("it does not say which page sent it; send an Origin header")
    if site is None and not _is_ours(origin or "", request):
        raise _refused("its Origin is not this host")


def check_csrf(request: Request, token: str) -> None:
    """Raises HTTPException 403 for a write without the session's token in its header."""
    if request.method in _SAFE:
        return
    given = request.headers.get(CSRF, "")
    if not hmac.compare_digest(given.encode("latin-1"), token.encode()):
        raise _refused(f"its {CSRF} header is not that of this session; load the page again")


def csrf_token(secret: str) -> str:
    """Of the session with this secret in its cookie; the one does not give away the other."""
    return hmac.new(secret.encode(), b"csrf", sha256).hexdigest()


def is_encrypted(request: Request) -> bool:
    """Also behind a proxy that does not say so, by what the browser says of our own page."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:")


def _navigates(request: Request) -> bool:
    headers = request.headers
    return (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )


def _is_ours(origin: str, request: Request) -> bool:
    """Without the scheme, which a proxy in front may have changed."""
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


def _refused(why: str) -> HTTPException:
    return HTTPException(HTTPStatus.FORBIDDEN, f"the request was refused: {why}")
