"""Server-sent events: tells an open page that something has changed, and no more than that."""

import asyncio
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from backend_stub.inspector.live import Live, Watcher
from backend_stub.inspector.routing import inspector_router, is_signed_in
from retrieval.database.outage import DATABASE_AWAY

CHECKED_S: Final = 5.0
"""So long a stream outlives its session; with each look a comment keeps proxies from closing it."""
RETRY_AFTER_S: Final = 30
RETRY_MS: Final = 3_000

router = inspector_router()


@router.get("/events")
async def events(
    request: Request, conversation: Annotated[UUID | None, Query()] = None
) -> Response:
    """`news` when something has changed, `end` when the session has."""
    live: Live = request.app.state.live
    if live.full:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "too many pages watch at once",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    return _EventStream(request, live, conversation)


class _EventStream(StreamingResponse):
    """Watches while it is sent, however that ends."""

    def __init__(self, request: Request, live: Live, conversation_id: UUID | None) -> None:
        self._request = request
        self._live = live
        self._conversation_id = conversation_id
        super().__init__(
            (),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watcher = self._live.watch(self._conversation_id)
        self.body_iterator = self._events(watcher)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.leave(watcher)

    async def _events(self, watcher: Watcher) -> AsyncIterator[str]:
        yield f"retry: {RETRY_MS}\n\n"
        checked_at = time.monotonic()
        while not self._live.ending.is_set():
            if time.monotonic() - checked_at >= CHECKED_S:
                if not await self._still_signed_in():
                    yield "event: end\ndata: session\n\n"
                    return
                checked_at = time.monotonic()
                yield ": here\n\n"
            if await self._news(watcher):
                yield "event: news\ndata: changed\n\n"

    async def _still_signed_in(self) -> bool:
        try:
            return await is_signed_in(self._request)
        except DATABASE_AWAY:
            return True  # as the keys that a keyring knows: not known is not ended

    async def _news(self, watcher: Watcher) -> bool:
        waits = [
            asyncio.create_task(watcher.changed.wait()),
            asyncio.create_task(self._live.ending.wait()),
        ]
        try:
            await asyncio.wait(waits, timeout=CHECKED_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        changed = watcher.changed.is_set()
        watcher.changed.clear()
        return changed
