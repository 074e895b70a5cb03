"""LiveKit's hooks of the agent: its lifecycle, and the prompt of each reply."""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from livekit.agents import (
    Agent,
    AgentSession,
    FlushSentinel,
    ModelSettings,
    UserInputTranscribedEvent,
)
from livekit.agents.llm import LLM, ChatChunk, ChatContext, ChatMessage, LLMStream, Tool
from livekit.agents.voice import SpeechHandle

from agent.conversation.answering.fallback import Fallback
from agent.conversation.answering.requests import NoAnswer, Request, answered
from agent.conversation.answering.turns import Turns
from agent.conversation.greeting import Greeting
from agent.conversation.prompt import prompt
from agent.conversation.session_events import SessionEvents
from agent.messages.rolling_window import message_id, trimmed, without, without_finished_tools
from agent.recall.recalled_context import RecalledContext, newest_question
from agent.recall.tool_allowance import ToolAllowance
from retrieval.wire import MessageId

logger = logging.getLogger(__name__)


class SupportAgent(Agent):
    """Starts from `window`, keeps the newest `window_messages`; `on_leave` follows the farewell."""

    def __init__(
        self,
        instructions: str,
        *,
        window: ChatContext,
        window_messages: int,
        recalled_context: RecalledContext,
        events: SessionEvents,
        greeting: Greeting,
        on_leave: Callable[[], Awaitable[None]],
        turns: Turns,
        allowance: ToolAllowance,
        fallback: Fallback,
        tools: list[Tool] | None = None,
    ) -> None:
        super().__init__(instructions=instructions, chat_ctx=window, tools=[*(tools or [])])
        self._window_messages = window_messages
        self._recalled_context = recalled_context
        self._events = events
        self._greeting = greeting
        self._opening = greeting.opening
        self._on_leave = on_leave
        self._turns = turns
        self._allowance = allowance
        self._fallback = fallback
        self._trimming: set[asyncio.Task[None]] = set()

    def attach(self, session: AgentSession[Any]) -> None:
        """Call before the session starts, after whatever records its items."""
        session.on("user_input_transcribed", self._handle_transcription)
        session.on("conversation_item_added", self._trim_soon)

    async def on_enter(self) -> None:
        if self._greeting.at_once and (speech := self.greet()) is not None:
            await speech

    def greet(self) -> SpeechHandle | None:
        """Say the opening, if there is one; a second call says nothing."""
        opening, self._opening = self._opening, ""
        return self.session.say(opening) if opening else None

    async def on_exit(self) -> None:
        if self._greeting.farewell and self._greeting.has_listener():
            await self.session.say(self._greeting.farewell)
        await self.finish_trimming()
        await self._on_leave()

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        """Record a spoken turn; LiveKit calls this for spoken turns only.

        llm_node recalls, since a change of `turn_ctx` here would discard a preemptive reply.
        """
        self._recalled_context.end_turn()
        try:
            await self._events.accept_spoken(new_message)
        except Exception:
            # The hook's boundary: if it raises, LiveKit drops the turn with its reply.
            logger.exception("spoken turn not recorded", extra={"message_id": new_message.id})

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterable[ChatChunk | str | FlushSentinel]:
        """Runs for every step of a turn; `chat_ctx` is the turn's copy."""
        try:
            await self._recalled_context.place(chat_ctx)
            shown = prompt(chat_ctx, listened_to=self._events.listened_to())
        except Exception:
            # The same boundary: a reply without memory is better than none.
            logger.exception("reply without memory")
            shown = chat_ctx
        question = newest_question(chat_ctx)
        question_id = message_id(question) if question is not None else None
        turn = self._turns.of(question_id)
        self._allowance.begin(question_id)
        tool_choice = "none" if self._allowance.is_used_up else model_settings.tool_choice
        try:
            async with aclosing(
                answered(Request(shown, tools, tool_choice), turn, self._send)
            ) as chunks:
                async for chunk in chunks:
                    yield chunk
        except NoAnswer:
            if turn.postponed_s is None:
                yield self._fallback(chat_ctx, turn)

    def _send(self, request: Request) -> LLMStream:
        model = self.session.llm
        if not isinstance(model, LLM):
            raise TypeError("a session without a language model has no prompts")
        return model.chat(
            chat_ctx=request.chat_ctx,
            tools=request.tools,
            tool_choice=request.tool_choice,
            # LiveKit would repeat requests without end for others' turns, and after it broke.
            conn_options=replace(self.session.conn_options.llm_conn_options, max_retry=0),
        )

    def hear(self, segment: str, *, final: bool, identity: str | None = None) -> None:
        """Prefetch for a turn being spoken, by default by the linked participant."""
        self._recalled_context.hear(segment, final=final, window=self.chat_ctx, identity=identity)

    async def forget(self, stored: MessageId) -> None:
        """Take a question out that is asked again: it gets a new place."""
        smaller = without(self.chat_ctx, stored)
        if smaller is not None:
            await self.update_chat_ctx(smaller)

    async def finish_trimming(self) -> None:
        await asyncio.gather(*self._trimming)

    def _handle_transcription(self, event: UserInputTranscribedEvent) -> None:
        self.hear(event.transcript, final=event.is_final)

    def _trim_soon(self) -> None:
        # Safe while a reply is being generated.
        task = asyncio.create_task(self._trim(), name="window trimming")
        self._trimming.add(task)
        task.add_done_callback(self._trimming.discard)

    async def _trim(self) -> None:
        # No await between reading and replacing the context, or an item added there would be lost:
        # update_chat_ctx() replaces it before its first await.
        finished = without_finished_tools(self.chat_ctx)
        smaller = trimmed(finished or self.chat_ctx, max_messages=self._window_messages) or finished
        if smaller is not None:
            await self.update_chat_ctx(smaller)
