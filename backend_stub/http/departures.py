"""A caller who leaves takes his request along: its statement is cancelled, its connection free."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLIENT_CLOSED_REQUEST = 499  # nginx's status; nobody is there to read it but the log


class Departures:
    """Cancels a request whose caller is gone before its response is complete.

    Nothing is left half done: a write that was not committed is rolled back, and one whose answer
    was lost is sent again under its ids.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caller = _Caller(receive, send)
        async with caller.watched():
            await self._app(scope, caller.receive, caller.send)
        if caller.left:
            start = {"type": "http.response.start", "status": CLIENT_CLOSED_REQUEST, "headers": []}
            await send(start)
            await send({"type": "http.response.body"})


class _Caller:
    """Only reading tells that he left, so the body is read one piece ahead of the application."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._pieces: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)
        self._has_all = False
        self.left = False

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Ends the block when he leaves; `left` tells."""
        request = asyncio.current_task()
        assert request is not None  # noqa: S101 - coroutines run in tasks
        watching = asyncio.create_task(self._watch(request), name="departure of a caller")
        try:
            yield
        except asyncio.CancelledError:
            if not self.left:
                raise
        finally:
            watching.cancel()
            if self.left:
                with suppress(asyncio.CancelledError):  # delivered here, if it was not yet
                    await asyncio.sleep(0)
                request.uncancel()

    async def receive(self) -> Message:
        return await self._pieces.get()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._has_all = True
        await self._send(message)

    async def _watch(self, request: "asyncio.Task[object]") -> None:
        gone = False
        while not gone:
            message = await self._receive()
            gone = message["type"] == "http.disconnect"
            if gone and not self._has_all:
                self.left = True
                request.cancel()
                return
            await self._pieces.put(message)
