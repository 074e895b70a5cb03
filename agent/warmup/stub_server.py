"""A server that says just enough for a backend, a language model and LiveKit's API."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

_MESSAGE = {
    "id": "earlier",
    "seq": 1,
    "role": "user",
    "participant": "somebody",
    "content": "Something that was said before.",
    "created_at": "2026-01-01T00:00:00Z",
}
_JOINED = {
    "conversation_id": str(uuid4()),
    "room": "rehearsal",
    "message_count": 1,
    "window": [_MESSAGE],
    "last_message_at": _MESSAGE["created_at"],
}
_FOUND = {
    "hits": [{"message": _MESSAGE | {"id": "long ago"}, "score": 1.0, "found_by": ["vector"]}],
    "relevant": True,
    "confidence": 1.0,
    "message_count": 1,
    "pending": 0,
    "model": "none",
    "timings": {"embed_ms": 0, "candidates_ms": 0, "total_ms": 0},
}
_CHUNK = {"id": "answer", "object": "chat.completion.chunk", "created": 0, "model": "rehearsal"}
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


@asynccontextmanager
async def open_stub_server() -> AsyncIterator[str]:
    """Its address, on loopback. Raises OSError."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = head.partition("content-length:")[2].partition("\r\n")[0]
            body = await reader.readexactly(int(length or 0))
            kind, content = _reply(head.split(" ", 2)[1], body)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
                % (kind, len(content), content)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


def _reply(path: str, body: bytes) -> tuple[bytes, bytes]:
    if path.startswith("/twirp/"):
        return b"application/protobuf", b""
    verb = path.rsplit("/", 1)[-1]
    if verb == "completions":
        return b"text/event-stream", _completion()
    return b"application/json", json.dumps(_json_reply(verb, body)).encode()


def _json_reply(verb: str, body: bytes) -> dict[str, Any]:
    match verb:
        case "agent-joined":
            return _JOINED
        case "messages":
            ids = [message["id"] for message in json.loads(body)["messages"]]
            return {"outcomes": [{"id": id_, "seq": 1, "status": "stored"} for id_ in ids]}
        case "search":
            return _FOUND
        case "events":
            return {"recorded": 1}
        case "models":
            return {"object": "list", "data": []}
        case _:
            return {}


def _completion() -> bytes:
    chunks = [_choice({"role": "assistant", "content": word}) for word in ("So ", "it ", "was.")]
    chunks += [_choice({}, "stop"), {"choices": [], "usage": _USAGE}]
    events = [f"data: {json.dumps(_CHUNK | chunk)}\n\n" for chunk in chunks]
    return "".join([*events, "data: [DONE]\n\n"]).encode()


def _choice(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}
