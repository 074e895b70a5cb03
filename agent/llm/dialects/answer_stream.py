"""Reads a server's answer as the stream of events that was asked for, or as the failure it is."""

import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx2

from agent.llm.dialects import retry_after

CONNECT_S = 15.0
_PATH = "/chat/completions"
# A quotation mark within an answer's text is escaped, and a line end too.
_END = re.compile(rb'"finish_reason"\s*:\s*"|(?:^|[\r\n])data:\s*\[DONE\]')
_EVENT = re.compile(rb"(?:^|[\r\n])data:")
_TAIL_BYTES = 64
_MAX_PLAIN_BYTES = 4 * 1024 * 1024


class BadAnswer(httpx2.RemoteProtocolError):
    """What was sent is no answer, or not the whole."""


def answer_hooks(*, silence_s: float) -> dict[str, list[Callable[..., Awaitable[None]]]]:
    """Event hooks of a client, which mend what servers do to answers of chat completions:

    - an answer without a stream, in plain JSON, becomes a stream of one event;
    - a stream that ends before its answer raises BadAnswer;
    - one that is kept alive by comments raises ReadTimeout after `silence_s` without an event.

    Hooks rather than a transport: with one of its own, a client ignores HTTPS_PROXY.
    """

    async def asked(request: httpx2.Request) -> None:
        if _is_completion(request):
            request.headers["accept-encoding"] = "identity"
            # LiveKit's plugin gives all phases of a request the time that an answer may take.
            limits = request.extensions.get("timeout", {})
            limits["connect"] = min(limits.get("connect") or CONNECT_S, CONNECT_S)

    async def answered(response: httpx2.Response) -> None:
        retry_after.note(response.headers)
        body = response.stream
        is_answer = _is_completion(response.request) and response.status_code == httpx2.codes.OK
        if is_answer and isinstance(body, httpx2.AsyncByteStream):
            response.stream = _Answer(body, silence_s=silence_s)

    return {"request": [asked], "response": [answered]}


def _is_completion(request: httpx2.Request) -> bool:
    return request.url.path.endswith(_PATH)


class _Answer(httpx2.AsyncByteStream):
    def __init__(self, body: httpx2.AsyncByteStream, *, silence_s: float) -> None:
        self._body = body
        self._silence_s = silence_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = aiter(self._body)
        async for first in pieces:
            if not first.strip():
                continue
            if first.lstrip().startswith(b"{"):
                yield await _as_events(first, pieces)
                return
            async for piece in self._watched(first, pieces):
                yield piece
            return
        raise BadAnswer("the answer is empty")

    async def aclose(self) -> None:
        await self._body.aclose()

    async def _watched(self, first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        heard_at, ended, tail = time.monotonic(), False, b""
        piece: bytes | None = first
        while piece is not None:
            seen = tail + piece
            ended = ended or _END.search(seen) is not None
            if _EVENT.search(seen):
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > self._silence_s:
                raise httpx2.ReadTimeout("only comments were sent")
            tail = seen[-_TAIL_BYTES:]
            yield piece
            try:
                piece = await anext(pieces, None)
            except httpx2.TransportError:
                if ended:  # nothing is missing
                    return
                raise
        if not ended:
            raise BadAnswer("the stream ended before the answer did")


async def _as_events(first: bytes, pieces: AsyncIterator[bytes]) -> bytes:
    body = bytearray(first)
    async for piece in pieces:
        body += piece
        if len(body) > _MAX_PLAIN_BYTES:
            raise BadAnswer("the answer is too long")
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise BadAnswer("the answer is no JSON") from error
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in _events(answer)) + (
        b"data: [DONE]\n\n"
    )


def _events(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "choices" not in answer:
        yield answer if answer.get("error") else {"error": {"message": "no choices in the answer"}}
        return
    head = {
        "id": answer.get("id") or "completion",
        "object": "chat.completion.chunk",
        "created": answer.get("created") or 0,
        "model": answer.get("model") or "",
    }
    yield head | {"choices": [_choice(choice) for choice in answer["choices"]]}
    if usage := answer.get("usage"):
        yield head | {"choices": [], "usage": usage}


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message") or {}
    calls = message.get("tool_calls") or []
    delta: dict[str, Any] = {"role": "assistant", "content": _text(message.get("content"))}
    if calls:
        delta["tool_calls"] = [{"index": n, **call} for n, call in enumerate(calls)]
    return {
        "index": choice.get("index") or 0,
        "delta": delta,
        "finish_reason": choice.get("finish_reason") or "stop",
    }


def _text(content: Any) -> str | None:
    """Some servers answer in parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None
