"""Bounds of a request: the size of its body and the time until its response begins."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_stub.http.problems import ProblemResponse, unavailable
from retrieval.wire import counted_words


class BodyTooLarge(HTTPException):
    """413, and the connection ends: the rest of the body is not read."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body is larger than {limit_bytes} bytes; send smaller batches",
            headers={"Connection": "close"},
        )


class BodyLimit:
    """Refuses a body above `limit_bytes`: by its Content-Length, or by counting its chunks."""

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


class BatchLimit:
    """Refuses a batch of messages whose words take too long to be indexed."""

    def __init__(self, most_words: int) -> None:
        self._most_words = most_words

    def check(self, texts: Sequence[str]) -> None:
        """Raises HTTPException (413). A single text passes: it could not be sent in parts."""
        words = 0
        for place, text in enumerate(texts):
            words += counted_words(text)
            if words > self._most_words and place > 0:
                raise HTTPException(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"the messages have more than {self._most_words} words; send fewer at a time"
                    f" (the first {place} are within the limit)",
                )


class RequestTimeout:
    """Cancels a request whose response has not begun after `timeout_s`; streaming may take longer.
    Answers 408 if the body had not arrived by then, else 503.
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
