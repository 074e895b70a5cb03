"""An HTTP server with the few answers that warm-up needs of backend, language model and LiveKit."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiohttp import web

_MESSAGE = {
    "id": "earlier",
    "seq": 1,
    "role": "user",
    "participant": "someone",
    "content": "Something that was said before.",
    "created_at": "2026-01-01T00:00:00Z",
}
_JOINED = {
    "conversation_id": str(uuid4()),
    "room": "warm-up",
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
_CHUNK = {"id": "answer", "object": "chat.completion.chunk", "created": 0, "model": "warm-up"}
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


@asynccontextmanager
async def open_stub_server() -> AsyncIterator[str]:
    """Yields its address, on loopback. Raises OSError."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def _answer(request: web.Request) -> web.Response:
    if request.path.startswith("/twirp/"):
        return web.Response(content_type="application/protobuf")
    verb = request.path.rsplit("/", 1)[-1]
    if verb == "completions":
        return web.Response(text=_completion(), content_type="text/event-stream")
    return web.json_response(_json_reply(verb, await request.read()))


def _json_reply(verb: str, body: bytes) -> dict[str, Any]:
    match verb:
        case "agent-joined":
            return _JOINED
        case "messages":
            ids = [message["id"] for message in json.loads(body)["messages"]]
            return {"outcomes": [{"id": id_, "seq": 1, "status": "stored"} for id_ in ids]}
        case "search":
            return _FOUND
        case "events" | "turns":
            return {"recorded": 1}
        case "changes":
            return {"revision": 0, "changes": []}
        case "models":
            return {"object": "list", "data": []}
        case _:
            return {}


def _completion() -> str:
    chunks = [_choice({"role": "assistant", "content": word}) for word in ("So ", "it ", "was.")]
    chunks += [_choice({}, "stop"), {"choices": [], "usage": _USAGE}]
    events = [f"data: {json.dumps(_CHUNK | chunk)}\n\n" for chunk in chunks]
    return "".join([*events, "data: [DONE]\n\n"])


def _choice(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}
