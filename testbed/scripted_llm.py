"""A language model that answers from a script and records its prompts."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIConnectOptions
from livekit.agents.llm import (
    LLM,
    ChatChunk,
    ChatContext,
    ChatMessage,
    ChoiceDelta,
    FunctionToolCall,
    LLMStream,
    Tool,
    ToolChoice,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: dict[str, Any]


Answer = str | ToolCall | Exception


class ScriptedLLM(LLM[Any]):
    """Gives `answers` in order, then repeats the last; waits `delay_s` before each word."""

    def __init__(
        self,
        answers: Sequence[Answer] | Callable[[ChatContext], Answer] = ("fine",),
        *,
        delay_s: float = 0.0,
    ) -> None:
        super().__init__()
        self._answers = answers
        self.delay_s = delay_s
        self.prompts: list[list[tuple[str, str]]] = []
        """Per call, role and text of each message; tool results have the role "tool"."""

    @property
    def model(self) -> str:
        return "scripted"

    @property
    def last_prompt(self) -> list[tuple[str, str]]:
        return self.prompts[-1]

    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> LLMStream:
        self.prompts.append(_shown(chat_ctx))
        return _ScriptedStream(
            self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options
        )

    def next_answer(self, chat_ctx: ChatContext) -> Answer:
        if callable(self._answers):
            return self._answers(chat_ctx)
        return self._answers[min(len(self.prompts), len(self._answers)) - 1]


class _ScriptedStream(LLMStream):
    async def _run(self) -> None:
        llm = self._llm
        assert isinstance(llm, ScriptedLLM)
        answer = llm.next_answer(self._chat_ctx)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, ToolCall):
            call = FunctionToolCall(
                name=answer.name,
                arguments=json.dumps(answer.arguments),
                call_id=f"call_{len(llm.prompts)}",
            )
            self._send(ChoiceDelta(role="assistant", tool_calls=[call]))
            return
        for word in answer.split(" "):
            await asyncio.sleep(llm.delay_s)
            self._send(ChoiceDelta(role="assistant", content=word + " "))

    def _send(self, delta: ChoiceDelta) -> None:
        self._event_ch.send_nowait(ChatChunk(id="scripted", delta=delta))


def _shown(chat_ctx: ChatContext) -> list[tuple[str, str]]:
    shown: list[tuple[str, str]] = []
    for item in chat_ctx.items:
        if isinstance(item, ChatMessage):
            shown.append((item.role, item.text_content or ""))
        elif item.type == "function_call":
            shown.append(("call", item.name))
        elif item.type == "function_call_output":
            shown.append(("tool", item.output))
    return shown
