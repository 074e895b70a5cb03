"""Headers that keep a page from other pages, and out of it what is not ours."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGES: Final = ("/inspect", "/room/", "/pages/")


def page_headers(*, connect: Sequence[str] = (), microphone: bool = False) -> Mapping[str, str]:
    """Of a page whose scripts may also reach the origins `connect`, such as wss://livekit.host.

    A response without any of its own has those of `page_headers()`.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",  # Pico's arrows and check marks are in its style sheet
        "connect-src": " ".join(["'self'", *connect]),
        "media-src": "'self' blob: mediastream:" if microphone else "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    granted = "self" if microphone else ""
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": f"microphone=({granted}), camera=(), geolocation=(), payment=()",
    }


_OF_ALL: Final = {
    **page_headers(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer` a form's Origin would be null, and `sources` could not tell it from others.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageHeaders:
    """Middleware: no response below PAGES lacks one of them, whoever made it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PAGES):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _OF_ALL.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)
