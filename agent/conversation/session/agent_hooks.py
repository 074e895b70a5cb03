"""What a conversation adds to the hooks of its session's agents, of whatever class they are."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from weakref import WeakSet

from livekit.agents import (
    Agent,
    AgentSession,
    AgentTask,
    ConversationItemAddedEvent,
    ModelSettings,
)
from livekit.agents.llm import AgentHandoff, ChatContext, ChatMessage, Tool, ToolChoice
from livekit.agents.types import NotGivenOr

from agent.conversation.answering.fallback import Fallback
from agent.conversation.answering.node import Chunk, Node, chunks_of
from agent.conversation.answering.requests import NoAnswer, Request, answered
from agent.conversation.answering.turns import Turns
from agent.conversation.changes.follower import ChangesFollower
from agent.conversation.changes.known import KnownChanges, question_alone
from agent.conversation.session.events import SessionEvents
from agent.conversation.session.handoffs import Handoffs
from agent.conversation.session.prompt import prompt
from agent.conversation.session.window import SessionWindow
from agent.messages.finished_tools import SEARCH_TOOL
from agent.messages.rolling_window import message_id
from agent.recall.recalled_context import BLOCK_ID, RecalledContext, newest_question
from agent.recall.tool_allowance import ToolAllowance

logger = logging.getLogger(__name__)

_CAUGHT_UP_S = 2.0

TurnCompleted = Callable[[ChatContext, ChatMessage], Awaitable[None]]


class AgentHooks:
    """LiveKit calls hooks as attributes of an agent: those set here come before its class's own.

    `introduction` gives what is added to the instructions. None as `recalled_context` or
    `search_tool` leaves that out.
    """

    def __init__(
        self,
        *,
        events: SessionEvents,
        turns: Turns,
        handoffs: Handoffs,
        window: SessionWindow,
        recalled_context: RecalledContext | None,
        search_tool: Tool | None,
        allowance: ToolAllowance,
        introduction: Callable[[], str],
        fallback: Fallback,
        changes: ChangesFollower,
        known: KnownChanges,
    ) -> None:
        self._events = events
        self._turns = turns
        self._handoffs = handoffs
        self._window = window
        self._recalled_context = recalled_context
        self._search_tool = search_tool
        self._allowance = allowance
        self._introduction = introduction
        self._fallback = fallback
        self._changes = changes
        self._known = known
        self._attached: WeakSet[Agent] = WeakSet()
        self._present: Agent | None = None

    def follow(self, session: AgentSession[object]) -> None:
        """Attach each agent that the session hands over to."""

        def handed_over(event: ConversationItemAddedEvent) -> None:
            if not isinstance(event.item, AgentHandoff):
                return
            # LiveKit tells of it before it starts the agent.
            before, self._present = self._present, session.current_agent
            if isinstance(before, AgentTask) and before.done() and self._present in self._attached:
                self._handoffs.resumed()
            else:
                self._attach(self._present)

        session.on("conversation_item_added", handed_over)

    async def adopt(self, agent: Agent) -> None:
        """Call before the session starts with this agent."""
        self._attach(agent)
        await self._equip(agent)

    def _attach(self, agent: Agent) -> None:
        """Also of one that was there before, and comes again."""
        self._handoffs.entering()
        if agent in self._attached:
            return
        self._attached.add(agent)
        hooks = {
            "on_enter": partial(self._on_enter, agent, agent.on_enter),
            "on_user_turn_completed": partial(
                self._on_user_turn_completed, agent.on_user_turn_completed
            ),
            "llm_node": partial(self._llm_node, agent.llm_node),
        }
        for name, hook in hooks.items():
            setattr(agent, name, hook)

    async def forget(self) -> None:
        """In the contexts of all agents, what `known` says was erased or corrected."""
        await self._window.erase(list(self._attached))

    async def _equip(self, agent: Agent) -> None:
        await self._window.enter(agent)
        await self._window.erase_from(agent)
        if self._search_tool is not None and self._search_tool not in agent.tools:
            await agent.update_tools([*agent.tools, self._search_tool])

    async def _on_enter(self, agent: Agent, own: Callable[[], Awaitable[None]]) -> None:
        try:
            await self._equip(agent)
            # What a new agent says first ends the turn in which it was handed the conversation.
            with self._events.saying_for(self._turns.open):
                await own()
        finally:
            self._handoffs.entered()

    async def _on_user_turn_completed(
        self, own: TurnCompleted, turn_ctx: ChatContext, new_message: ChatMessage
    ) -> None:
        """Record a spoken turn, as `own` leaves it; LiveKit calls this for spoken turns only.

        llm_node recalls, since a change of `turn_ctx` here would discard a preemptive reply.
        """
        if self._recalled_context is not None:
            self._recalled_context.end_turn()
        try:
            await own(turn_ctx, new_message)
        finally:
            await self._record(new_message)

    async def _record(self, spoken: ChatMessage) -> None:
        try:
            await self._events.accept_spoken(spoken)
        except Exception:
            # The hook's boundary: if it raises, LiveKit drops the turn with its reply.
            logger.exception("spoken turn not recorded", extra={"message_id": spoken.id})

    async def _llm_node(
        self, own: Node, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[Chunk, None]:
        """Runs for every step of a turn; `chat_ctx` is the turn's copy."""
        shown = await self._prompt(chat_ctx)
        if self._turns.of(self._turns.open).is_erased() or self._known.covers_newest_question(
            chat_ctx
        ):
            return  # erased meanwhile, it is not answered
        question = newest_question(chat_ctx)
        question_id = message_id(question) if question is not None else None
        turn = self._turns.of(question_id)
        self._allowance.begin(question_id)
        request = Request(shown, tools, self._tool_choice(tools, model_settings))

        def send(request: Request) -> AsyncGenerator[Chunk, None]:
            chosen = replace(model_settings, tool_choice=request.tool_choice)
            return chunks_of(own(request.chat_ctx, request.tools, chosen))

        try:
            async with aclosing(answered(request, turn, send)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except NoAnswer:
            if turn.postponed_s is None:
                yield self._fallback(chat_ctx, turn)

    async def _prompt(self, chat_ctx: ChatContext) -> ChatContext:
        try:
            self._clean(chat_ctx)
            await self._recall(chat_ctx)
            if await self._changes.caught_up(_CAUGHT_UP_S):
                self._clean(chat_ctx)
            else:
                logger.warning("something was erased, and not yet known what: reply without window")
                chat_ctx.items[:] = question_alone(
                    chat_ctx, is_up_to_date=self._changes.is_up_to_date
                )
                if self._recalled_context and chat_ctx.get_by_id(BLOCK_ID) is None:
                    self._recalled_context.not_shown(chat_ctx)
            return prompt(
                chat_ctx,
                listened_to=self._events.listened_to(),
                introduction=self._introduction(),
            )
        except Exception:
            # The same boundary: a reply without memory is better than none.
            logger.exception("reply without memory")
            return chat_ctx

    def _clean(self, chat_ctx: ChatContext) -> None:
        if (items := self._known.cleaned(chat_ctx.items)) is not None:
            chat_ctx.items[:] = items

    async def _recall(self, chat_ctx: ChatContext) -> None:
        """Again if what was recalled turns out to be erased or corrected."""
        recalled = self._recalled_context
        if recalled is None:
            return
        for _ in range(2):
            await recalled.place(chat_ctx)
            await self._changes.caught_up(_CAUGHT_UP_S)
            if not recalled.take_back(chat_ctx, self._known.erasures):
                return

    def _tool_choice(
        self, tools: list[Tool], model_settings: ModelSettings
    ) -> NotGivenOr[ToolChoice]:
        has_only_search = [tool.id for tool in tools] == [SEARCH_TOOL]
        used_up = has_only_search and self._allowance.is_used_up
        return "none" if used_up else model_settings.tool_choice
