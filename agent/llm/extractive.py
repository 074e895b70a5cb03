"""The reply without a language model: recalled messages, quoted with date and speaker."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from livekit.agents import APIConnectOptions
from livekit.agents.llm import (
    LLM,
    ChatChunk,
    ChatContext,
    ChatMessage,
    ChoiceDelta,
    LLMStream,
    Tool,
    ToolChoice,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.utils import shortuuid

from agent.llm.extractive_answer import Said, answer, quoted_hits
from agent.messages.rolling_window import SPEAKER
from agent.recall.recalled_context import BLOCK_ID, HITS, newest_question, open_question, was_said
from retrieval.quotation.attribution import without_attribution
from retrieval.wire import RetrievalHit

_PIECE = re.compile(r"\S+\s*")


class ExtractiveLLM(LLM[Any]):
    """Streams word by word. Calls no tools."""

    @property
    def model(self) -> str:
        return "extractive"

    @property
    def provider(self) -> str:
        return "longroom"

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
        return _ExtractiveStream(
            self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options
        )


class _ExtractiveStream(LLMStream):
    async def _run(self) -> None:
        request_id = shortuuid("extract_")
        for piece in _pieces(_answer(self._chat_ctx)):
            delta = ChoiceDelta(role="assistant", content=piece)
            self._event_ch.send_nowait(ChatChunk(id=request_id, delta=delta))


def quotations(chat_ctx: ChatContext) -> str:
    """Recalled messages that may answer the newest question; empty if there are none."""
    question = newest_question(chat_ctx)
    asker = str(question.extra.get(SPEAKER, "")) if question is not None else ""
    return quoted_hits(asker, _hits(chat_ctx))


def _answer(chat_ctx: ChatContext) -> str:
    question = open_question(chat_ctx)
    if question is None:
        return ""
    asker = str(question.extra.get(SPEAKER, ""))
    text = _text(question)
    return answer(text, asker=asker, window=_window(chat_ctx, question), hits=_hits(chat_ctx))


def _hits(chat_ctx: ChatContext) -> Sequence[RetrievalHit]:
    block = chat_ctx.get_by_id(BLOCK_ID)
    if not isinstance(block, ChatMessage):
        return []
    return [RetrievalHit.model_validate(hit) for hit in block.extra[HITS]]


def _window(chat_ctx: ChatContext, question: ChatMessage) -> list[Said]:
    """Users' messages before the question, newest first."""
    return [
        Said(str(item.extra.get(SPEAKER, "")), _text(item), item.created_at)
        for item in reversed(chat_ctx.items)
        if was_said(item) and item.role == "user" and item.id != question.id
    ]


def _text(item: ChatMessage) -> str:
    return without_attribution(item.text_content or "")


def _pieces(text: str) -> Iterator[str]:
    yield from _PIECE.findall(text)
