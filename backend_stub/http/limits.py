"""Bounds on what a request may cost: the size of its body and the time until its answer."""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_stub.http.problems import ProblemResponse, unavailable


class BodyTooLarge(HTTPException):
    """The body is larger than the limit. The connection ends: nobody reads the rest of it."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body is larger than {limit_bytes} bytes; send smaller batches",
            headers={"Connection": "close"},
        )


class BodyLimit:
    """Refuses a body above `limit_bytes` with 413: before reading if announced, else while reading.

    Chunked bodies announce nothing, so every chunk is counted.
    """

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = int(Headers(scope=scope).get("content-length", "0"))
        read_bytes = 0

        async def counted() -> Message:
            nonlocal read_bytes
            if announced > self._limit_bytes:
                raise BodyTooLarge(self._limit_bytes)
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self._limit_bytes:
                raise BodyTooLarge(self._limit_bytes)
            return message

        await self._app(scope, counted, send)


class RequestTimeout:
    """Gives a request `timeout_s` until its response begins; a streamed response may take longer.

    408 when the body had not arrived by then, else 503. The request's work is cancelled.
    """

    def __init__(self, app: ASGIApp, *, timeout_s: float) -> None:
        self._app = app
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        awaits_body = began = False

        async def receiving() -> Message:
            nonlocal awaits_body
            awaits_body = True
            message = await receive()
            awaits_body = message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            nonlocal began
            began = True
            deadline.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._timeout_s) as deadline:
                await self._app(scope, receiving, sending)
        except TimeoutError:
            if began or not deadline.expired():
                raise
            await self._late(awaits_body)(scope, receive, send)

    def _late(self, awaits_body: bool) -> ProblemResponse:
        if not awaits_body:
            return unavailable(f"no answer within {self._timeout_s:g} s; try again")
        return ProblemResponse(
            HTTPStatus.REQUEST_TIMEOUT,
            f"the body did not arrive within {self._timeout_s:g} s",
            headers={"Connection": "close"},
        )
