"""A scripted language model behind the OpenAI API that records its prompts."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from testbed.web_server import served


@dataclass(frozen=True)
class Prompt:
    messages: list[dict[str, Any]]

    @property
    def question(self) -> str:
        users = [message for message in self.messages if message["role"] == "user"]
        return _text(users[-1]) if users else ""

    @property
    def text(self) -> str:
        return "\n".join(_text(message) for message in self.messages)

    @property
    def conversation(self) -> list[str]:
        """User and assistant messages, without what is recalled, tool calls and their results."""
        said = [m for m in self.messages if m["role"] in {"user", "assistant"}]
        texts = [_text(message).strip() for message in said if "tool_calls" not in message]
        return [text for text in texts if not text.startswith("<recalled_messages ")]

    @property
    def tool_results(self) -> list[str]:
        return [_text(message) for message in self.messages if message["role"] == "tool"]

    @property
    def tool_result(self) -> str:
        """The result of the previous step's tool call; empty in a turn's first step."""
        last = self.messages[-1]
        return _text(last) if last["role"] == "tool" else ""


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: dict[str, Any]
    id: str = "call-1"

    @property
    def wire(self) -> dict[str, Any]:
        function = {"name": self.name, "arguments": json.dumps(self.arguments)}
        return {"id": self.id, "type": "function", "function": function}


@dataclass
class LanguageModelServer:
    """Streams `reply(prompt)` word by word; pauses while `flowing` is clear.

    `busy_for`: questions with this text get 429. `silent_for`: they get no word until it changes;
    `stalls_in`: none after the first. `refuses_one_in`: each such request gets 503; 0: none.
    """

    url: str = ""
    reply: Callable[[Prompt], str | ToolCall] = lambda prompt: f"You said: {prompt.question}"
    word_delay_s: float = 0.0
    broken: bool = False
    busy_for: str | None = None
    silent_for: str | None = None
    stalls_in: str | None = None
    refuses_one_in: int = 0
    requests: int = 0
    prompts: list[Prompt] = field(default_factory=list)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def prompt_of(self, part_of_question: str) -> Prompt:
        """The newest prompt whose question has this text."""
        return [prompt for prompt in self.prompts if part_of_question in prompt.question][-1]

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted"}]})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.broken:
            raise web.HTTPInternalServerError
        if self.refuses_one_in and self.requests % self.refuses_one_in == 0:
            raise web.HTTPServiceUnavailable
        prompt = Prompt((await request.json())["messages"])
        self.prompts.append(prompt)
        if self.busy_for is not None and self.busy_for in prompt.question:
            raise web.HTTPTooManyRequests
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        reply = self.reply(prompt)
        if isinstance(reply, ToolCall):
            calls = [{"index": 0, **reply.wire}]
            await response.write(_event({"role": "assistant", "tool_calls": calls}, None))
            await response.write(_event({}, "tool_calls"))
        else:
            await self._say(reply, response, prompt)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _say(self, text: str, response: web.StreamResponse, prompt: Prompt) -> None:
        while _names(self.silent_for, prompt):  # noqa: ASYNC110  # set by tests, plainly
            await asyncio.sleep(0.05)
        for number, word in enumerate(text.split(" ")):
            await self.flowing.wait()
            while number and _names(self.stalls_in, prompt):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.word_delay_s)
            await response.write(_event({"role": "assistant", "content": word + " "}, None))
        await response.write(_event({}, "stop"))


@asynccontextmanager
async def language_model_server() -> AsyncIterator[LanguageModelServer]:
    server = LanguageModelServer()
    server.flowing.set()
    app = web.Application(client_max_size=2**24)
    app.router.add_get("/v1/models", server.models)
    app.router.add_post("/v1/chat/completions", server.chat)
    async with served(app) as address:
        server.url = f"{address}/v1"
        yield server


def _names(text: str | None, prompt: Prompt) -> bool:
    return text is not None and text in prompt.question


def _event(delta: dict[str, Any], finish_reason: str | None) -> bytes:
    chunk = {
        "id": "completion",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)
