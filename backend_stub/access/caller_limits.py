"""What one key, one holder of a token, and one conversation may use: requests, bytes, exports.

Asked only for callers who are known: who has no key or token leaves no entry.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_stub.access.callers import OPEN, SERVICE, Caller
from backend_stub.access.rates import AtOnce, Rate
from backend_stub.settings import RateSettings
from retrieval.wire import MAX_NAME_CHARS

STREAM_RETRY_AFTER_S = 5


@dataclass(frozen=True)
class _Limit:
    setting: str
    whose: str
    requests: Rate
    received: Rate
    streams: AtOnce


@dataclass(frozen=True)
class Share:
    """Of one of many."""

    limit: _Limit
    who: Hashable

    def check(self) -> None:
        """Raises HTTPException 429 with Retry-After."""
        for rate, unit in ((self.limit.requests, "REQUESTS"), (self.limit.received, "BYTES")):
            if wait_s := rate.wait_s(self.who):
                raise self._refusal(f"too many {unit.lower()} from", f"{unit}_S", math.ceil(wait_s))

    def check_stream(self) -> None:
        """Raises HTTPException 429 with Retry-After."""
        if self.limit.streams.full(self.who):
            raise self._refusal("too many open exports of", "STREAMS", STREAM_RETRY_AFTER_S)

    def _refusal(self, what: str, setting: str, wait_s: int) -> HTTPException:
        return HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{what} {self.limit.whose}; try again in {wait_s} s"
            f" (the backend's {self.limit.setting}_{setting} is the limit)",
            headers={"Retry-After": str(wait_s)},
        )


class CallerLimits:
    """Browsers together cannot use up what keys may do in a conversation, nor the reverse."""

    def __init__(self, settings: RateSettings) -> None:
        self._key = _Limit(
            "BACKEND_KEY",
            "this key",
            Rate(settings.key_requests_s),
            Rate(settings.key_bytes_s),
            AtOnce(settings.key_streams),
        )
        self._token = _Limit(
            "BACKEND_TOKEN",
            "this token's subject",
            Rate(settings.token_requests_s),
            Rate(settings.token_bytes_s),
            AtOnce(settings.token_streams),
        )
        self._conversation = _Limit(
            "BACKEND_CONVERSATION",
            "this conversation",
            Rate(settings.conversation_requests_s),
            Rate(settings.conversation_bytes_s),
            AtOnce(settings.conversation_streams),
        )

    def shares(self, caller: Caller, path_params: Mapping[str, str]) -> Sequence[Share]:
        """Whose limits a request counts for.

        The service key and the callers of an open backend have none of their own: all of an
        operator's programs are one there, and the one that fails must not silence the others.
        """
        place = _place(path_params)
        by = "keys" if caller.token is None else "tokens"
        shared = [Share(self._conversation, (by, place))] if place else []
        if caller.token is not None:
            holder = (caller.token.conversation, caller.token.sub)
            return [Share(self._token, holder), *shared]
        if caller.key_id in (SERVICE, OPEN):
            return shared
        return [Share(self._key, caller.key_id), *shared]


def admit(shares: Sequence[Share]) -> None:
    """Raises HTTPException 429; else the request counts."""
    for share in shares:
        share.check()
    for share in shares:
        share.limit.requests.use(share.who)


def address_of(request: Request) -> str:
    """Of who has no key yet."""
    return request.client.host if request.client else ""


def check_wait(rate: Rate, who: Hashable, *, what: str) -> None:
    """Raises HTTPException 429 with Retry-After, if `who` has used up the rate."""
    if wait_s := rate.wait_s(who):
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"too many {what}; try again in {wait_s:.0f} s",
            headers={"Retry-After": str(int(wait_s) + 1)},
        )


def count_received(shares: Sequence[Share], size_bytes: int) -> None:
    for share in shares:
        share.limit.received.use(share.who, size_bytes)


def open_stream(request: Request) -> None:
    """Until the response has ended. Raises HTTPException 429."""
    shares: Sequence[Share] = request.state.shares
    for share in shares:
        share.check_stream()
    for share in shares:
        share.limit.streams.begin(share.who)
    request.state.streaming = shares


class StreamCount:
    """Ends what `open_stream` began, however the response ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send)
        finally:
            for share in state.pop("streaming", ()):
                share.limit.streams.end(share.who)


def _place(path_params: Mapping[str, str]) -> Hashable:
    """The conversation, or the room; None for neither."""
    try:
        return UUID(path_params.get("conversation_id", ""))
    except ValueError:
        return path_params.get("room", "")[:MAX_NAME_CHARS] or None
