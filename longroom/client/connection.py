"""One request to the backend: sent within a deadline, read as a wire type, or one of our errors."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from longroom.client.addresses import without_user
from longroom.client.errors import (
    NO_REASON,
    AgentReplaced,
    BackendError,
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    RoomMoved,
)
from longroom.client.keys import is_sendable
from retrieval.wire import ROOM_MOVED, STALE_EPOCH, Problem

Reply = TypeVar("Reply", bound=BaseModel)

_RETRYABLE = {408, 425, 429}


class Connection:
    """`timeout_s` bounds a whole call, retry included."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None,
        timeout_s: float,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        if key and not is_sendable(key):
            raise ValueError("the key is none: it has characters that no request can carry")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.timeout_s = timeout_s
        self._url = without_user(url)
        self._with_key = bool(key)
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/api/v1",
            headers=headers | {"Content-Type": "application/json"},
            timeout=None,  # noqa: S113 - httpx bounds single steps; _call bounds their sum
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Every attempt of every request passes here: override it to trace, sign or count."""
        return await self._http.send(request)

    async def _ask(
        self,
        method: str,
        path: str,
        body: BaseModel | None,
        reply: type[Reply],
        *,
        timeout_s: float | None = None,
    ) -> Reply:
        response = await self._call(method, path, body, timeout_s=timeout_s)
        try:
            return reply.model_validate_json(response.content)
        except ValidationError as error:
            raise self._asked(
                BackendProtocolError(
                    f"the answer to {method} {response.url.path} is not a {reply.__name__}: "
                    f"{error.error_count()} fields differ"
                )
            ) from None

    async def _call(
        self, method: str, path: str, body: BaseModel | None, *, timeout_s: float | None = None
    ) -> httpx.Response:
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        content = body.model_dump_json(exclude_none=True) if body is not None else None
        try:
            async with asyncio.timeout(limit_s):
                response = await self._attempt(method, path, content)
        except TimeoutError:
            raise self._silent(limit_s) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"{self._url} does not answer ({type(error).__name__})"
            raise self._asked(BackendUnavailable(reason)) from None
        if not response.is_success:
            raise self._asked(_refusal(response, self._url))
        return response

    async def _stream(self, path: str) -> AsyncGenerator[bytes]:
        """Pieces of a long answer; each may take as long as a whole call of another kind. Raises
        BackendUnavailable where it breaks off.
        """
        request = self._http.build_request("GET", path)
        try:
            async with asyncio.timeout(self.timeout_s):
                response = await self._http.send(request, stream=True)
            async with aclosing(response):
                if not response.is_success:
                    await response.aread()
                    raise self._asked(_refusal(response, self._url))
                pieces = response.aiter_bytes()
                while True:
                    async with asyncio.timeout(self.timeout_s):
                        piece = await anext(pieces, None)
                    if piece is None:
                        return
                    yield piece
        except TimeoutError:
            raise self._silent(self.timeout_s) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"the answer of {self._url} broke off ({type(error).__name__})"
            raise self._asked(BackendUnavailable(reason)) from None

    async def _attempt(self, method: str, path: str, content: str | None) -> httpx.Response:
        # A backend that restarts leaves dead connections in the pool; a second attempt is safe,
        # since every request is idempotent, but for invitations: one too many lets nobody in.
        try:
            return await self.send(self._http.build_request(method, path, content=content))
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return await self.send(self._http.build_request(method, path, content=content))

    def _silent(self, limit_s: float) -> BackendError:
        reason = f"no answer from {self._url} within {limit_s:g} s"
        return self._asked(BackendUnavailable(reason))

    def _asked(self, error: BackendError) -> BackendError:
        error.url, error.with_key = self._url, self._with_key
        return error


def _refusal(response: httpx.Response, url: str) -> BackendError:
    status = response.status_code
    if status >= 500 or status in _RETRYABLE or status < 400:
        retry_after_s = _retry_after_s(response)
        return BackendUnavailable(
            f"{url} answers HTTP {status}", status=status, retry_after_s=retry_after_s
        )
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = Problem(title="Refused", status=status, detail=NO_REASON)
    if problem.type == STALE_EPOCH:
        return AgentReplaced(problem)
    if problem.type == ROOM_MOVED:
        return RoomMoved(problem)
    return BackendRejected(status, problem)


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None
