"""A server of the OpenAI protocol that refuses and fails as real ones do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web

from agent.llm.factory import language_model
from agent.settings import AgentSettings
from testbed.web_server import served
from tests.support.chat_templates import Refused, render
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import RunningAgent, running_agent


@dataclass(frozen=True)
class Calls:
    """Tool calls; `text` is said before them."""

    queries: tuple[str, ...]
    text: str = ""
    name: str = "search_conversation"

    @property
    def wire(self) -> list[dict[str, Any]]:
        return [
            {
                "index": n,
                "id": f"call_{uuid4().hex}",
                "type": "function",
                "function": {"name": self.name, "arguments": json.dumps({"query": query})},
            }
            for n, query in enumerate(self.queries)
        ]


@dataclass(frozen=True)
class Status:
    code: int
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """A stream that ends after `text`: cut off, or as if it were whole."""

    text: str
    cleanly: bool = False


@dataclass(frozen=True)
class Plain:
    """JSON, though a stream was asked for."""

    text: str = ""
    calls: Calls | None = None


@dataclass(frozen=True)
class Comments:
    """A stream that is kept alive and has no event."""


@dataclass(frozen=True)
class Silence:
    """No response at all."""


Answer = str | Calls | Status | Broken | Plain | Comments | Silence


@dataclass
class Asked:
    """One request that was not refused."""

    messages: list[dict[str, Any]]
    tools: bool
    tool_choice: str

    @property
    def roles(self) -> list[str]:
        return [message["role"] for message in self.messages]

    @property
    def last(self) -> str:
        return str(self.messages[-1].get("content") or "")

    @property
    def text(self) -> str:
        return "\n".join(str(message.get("content") or "") for message in self.messages)


@dataclass
class ModelServer:
    """`refuse` gives the response for what the template or the server does not take.

    `stalls_after` says after an answer's text whether its stream is to stay open without a word.
    """

    url: str = ""
    answer: Callable[[Asked], Answer] = lambda _: "Noted."
    template: str | None = None
    tools_error: Status | None = None
    refuse: Callable[[str], Status] = lambda message: Status(400, message)
    takes_usage: bool = True
    max_chars: int = 10**9
    stalls_after: Callable[[], bool] = lambda: False
    asked: list[Asked] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        refusal = self._refusal(body)
        if refusal is not None:
            self.refused.append(refusal.message)
            return _error(refusal)
        choice = str(body.get("tool_choice", "auto"))
        asked = Asked(body["messages"], bool(body.get("tools")), choice)
        self.asked.append(asked)
        self.arrived.set()
        return await _respond(request, self.answer(asked), stalls=self.stalls_after())

    def _refusal(self, body: dict[str, Any]) -> Status | None:
        if body.get("tools") and self.tools_error is not None:
            return self.tools_error
        if not self.takes_usage and "stream_options" in body:
            return self.refuse("Unrecognized request argument supplied: stream_options")
        if len(json.dumps(body["messages"])) > self.max_chars:
            return self.refuse("This model's maximum context length is 4096 tokens.")
        try:
            if self.template is not None:
                render(self.template, body["messages"])
        except Refused as error:
            return self.refuse(str(error))
        return None


@asynccontextmanager
async def model_server(**how: Any) -> AsyncIterator[ModelServer]:
    server = ModelServer(**how)
    app = web.Application(client_max_size=2**24)
    app.router.add_get("/v1/models", server.models)
    app.router.add_post("/v1/chat/completions", server.chat)
    async with served(app, shutdown_timeout=0.1, handler_cancellation=True) as address:
        server.url = f"{address}/v1"
        yield server


@asynccontextmanager
async def agent_of(
    server: ModelServer, backend: FakeBackend, data_dir: Path, **settings: Any
) -> AsyncIterator[RunningAgent]:
    """The agent, with a language model on this server."""
    chosen = {"llm_base_url": server.url, "llm_model": "m", **settings}
    llm = language_model(AgentSettings(data_dir=data_dir, **chosen))
    try:
        async with running_agent(backend, llm, data_dir, **chosen) as running:
            yield running
    finally:
        await llm.aclose()


async def _respond(request: web.Request, answer: Answer, *, stalls: bool) -> web.StreamResponse:
    if isinstance(answer, Status):
        return _error(answer)
    if isinstance(answer, Plain):
        return _plain(answer)
    if isinstance(answer, Silence):
        await asyncio.Event().wait()
    return await _stream(request, answer, stalls=stalls)


def _error(status: Status) -> web.Response:
    error = {"error": {"message": status.message, "type": "error", "code": status.code}}
    if status.code == 200:  # as LM Studio does
        text = f"event: error\ndata: {json.dumps(error)}\n\n"
        return web.Response(text=text, content_type="text/event-stream")
    return web.json_response(error, status=status.code, headers=status.headers)


def _plain(answer: Plain) -> web.Response:
    calls = (
        [{k: v for k, v in c.items() if k != "index"} for c in answer.calls.wire]
        if (answer.calls)
        else None
    )
    message = {"role": "assistant", "content": answer.text or None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return web.json_response({"id": "c", "choices": [choice], "usage": usage})


async def _stream(request: web.Request, answer: Answer, *, stalls: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    if isinstance(answer, Comments):
        while True:
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.02)
    if isinstance(answer, Broken):
        await _say(response, answer.text)
        if not answer.cleanly and request.transport is not None:
            request.transport.abort()
        return response
    text = answer.text if isinstance(answer, Calls) else str(answer)
    await _say(response, text)
    if stalls:
        await asyncio.Event().wait()
    if isinstance(answer, Calls):
        await response.write(_event({"tool_calls": answer.wire}))
    await response.write(_event({}, "tool_calls" if isinstance(answer, Calls) else "stop"))
    await response.write(b"data: [DONE]\n\n")
    return response


async def _say(response: web.StreamResponse, text: str) -> None:
    for word in text.split(" ") if text else []:
        await response.write(_event({"role": "assistant", "content": word + " "}))
        await asyncio.sleep(0)


def _event(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return f"data: {json.dumps(chunk | {'choices': [choice]})}\n\n".encode()
