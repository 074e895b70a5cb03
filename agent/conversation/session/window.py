"""A session's rolling window, which every agent of the session gets."""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import ChatContext, ChatMessage

from agent.conversation.changes.known import KnownChanges
from agent.conversation.session.limits import drop_events
from agent.messages.finished_tools import with_finished_tools_bounded
from agent.messages.rolling_window import (
    is_instruction,
    message_id,
    trimmed,
    without,
)
from retrieval.wire import MessageId


class SessionWindow:
    """The newest `max_messages`, first those of `restored`, then what is said in the session.

    With `enters_agents` False the session's agents do not get what was said before they came.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        *,
        restored: ChatContext,
        max_messages: int,
        enters_agents: bool,
        changes: KnownChanges,
    ) -> None:
        self._session = session
        self._changes = changes
        self._max_messages = max_messages
        self._enters_agents = enters_agents
        self._said = deque(restored.messages(), maxlen=max_messages)
        self._agent: Agent | None = None
        self._trimming: set[asyncio.Task[None]] = set()

    def follow(self) -> None:
        """Call before the session starts, after whatever gives its items their ids."""
        self._session.on("conversation_item_added", self._handle_item)

    @property
    def chat_ctx(self) -> ChatContext:
        """Of the agent that answers now; after the session has closed, of its last one."""
        agent = self._present()
        return agent.chat_ctx if agent is not None else ChatContext(list(self._said))

    async def enter(self, agent: Agent) -> None:
        """Add what was said before to what `agent` has, by time; its instructions stay first."""
        if not self._enters_agents:
            return
        own = agent.chat_ctx.items
        said = [item for item in self._said if agent.chat_ctx.get_by_id(item.id) is None]
        if not said:
            return
        head = next((n for n, item in enumerate(own) if not is_instruction(item)), len(own))
        by_time = sorted([*said, *own[head:]], key=lambda item: item.created_at)
        await agent.update_chat_ctx(ChatContext([*own[:head], *by_time]))

    async def forget(self, stored: MessageId) -> None:
        """Take a question out that is asked again: it gets a new place."""
        for item in [item for item in self._said if message_id(item) == stored]:
            self._said.remove(item)
        await self._replace(without(self.chat_ctx, stored))

    async def erase(self, agents: Iterable[Agent]) -> None:
        """What was erased and corrected, of the window, these agents, and what LiveKit keeps."""
        if (left := self._changes.cleaned(list(self._said))) is not None:
            said = [item for item in left if isinstance(item, ChatMessage)]
            self._said = deque(said, maxlen=self._max_messages)
        history = self._session.history
        if (items := self._changes.cleaned(history.items)) is not None:
            history.items[:] = items
        drop_events(self._session)
        present = self._present()
        for agent in {*agents, *([present] if present else [])}:
            await self.erase_from(agent)

    async def erase_from(self, agent: Agent) -> None:
        cleaned = self._changes.cleaned(agent.chat_ctx.items)
        if cleaned is not None:
            await agent.update_chat_ctx(ChatContext(cleaned))

    async def finish_trimming(self) -> None:
        await asyncio.gather(*self._trimming)

    def _present(self) -> Agent | None:
        with suppress(RuntimeError):  # not started yet, or closed
            self._agent = self._session.current_agent
        return self._agent

    def _handle_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, ChatMessage) and self._changes.keeps(item):
            self._said.append(item)
        # Safe while a reply is being generated.
        task = asyncio.create_task(self._trim(), name="window trimming")
        self._trimming.add(task)
        task.add_done_callback(self._trimming.discard)

    async def _trim(self) -> None:
        # A reply that was under way adds its question again, and has older copies.
        if (agent := self._present()) is not None:
            await self.erase_from(agent)
        bounded = with_finished_tools_bounded(self.chat_ctx)
        await self._replace(
            trimmed(bounded or self.chat_ctx, max_messages=self._max_messages) or bounded
        )

    async def _replace(self, smaller: ChatContext | None) -> None:
        # No await between reading and replacing the context, or an item added there would be lost:
        # update_chat_ctx() replaces it before its first await.
        agent = self._present()
        if smaller is not None and agent is not None:
            await agent.update_chat_ctx(smaller)
