"""Builds the agent of one conversation from its parts, in a LiveKit room or without one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentSession

from agent.backend_client import BackendClient
from agent.conversation.answering.fallback import Fallback, apology, extracts
from agent.conversation.answering.patience import Patience
from agent.conversation.answering.turns import RetryLimits, Turns
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.greeting import Greeting, opening
from agent.conversation.resume import Resumed
from agent.conversation.session_events import SessionEvents, SpokenTurnListener
from agent.conversation.session_summary import SessionTotals
from agent.conversation.support_agent import SupportAgent
from agent.llm.extractive import quotations
from agent.messages.rolling_window import restored
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.conversation_search import ConversationSearch
from agent.recall.query import Asker, RecallLimits
from agent.recall.recall import Recall
from agent.recall.recalled_context import BlockStyle, RecalledContext
from agent.recall.search_tool import search_tool
from agent.recall.tool_allowance import ToolAllowance
from agent.settings import AgentSettings


@dataclass(frozen=True)
class People:
    """`asker` describes an identity, None the linked participant.

    `greet_at_once` is False if the room may be empty at first; `SupportAgent.greet` greets then.
    """

    agent_name: str
    asker: Callable[[str | None], Asker]
    has_listener: Callable[[], bool]
    greet_at_once: bool = True

    def listened_to(self) -> str:
        return self.asker(None).identity


def build_agent(
    settings: AgentSettings,
    *,
    client: BackendClient,
    resumed: Resumed,
    session: AgentSession[Any],
    people: People,
    spoken_turns: SpokenTurnListener | None = None,
) -> ConversationAgent:
    """Call before `session` starts: recording begins here."""
    queued: set[str] = set()
    search = ConversationSearch(
        client, resumed.conversation_id, timeout_s=settings.search_timeout_s, queued=queued
    )
    recalled_context = RecalledContext(
        Recall(search.search, limits=_recall_limits(settings)),
        asker=people.asker,
        style=BlockStyle(settings.recall_role, settings.recall_token_budget),
        queued=queued,
    )
    turns = Turns(
        RetryLimits(settings.llm_retries, settings.llm_retry_s, settings.llm_retry_within_s),
        Patience(settings.llm_patience_s),
    )
    write_buffer = WriteBuffer(resumed.outbox)
    events = SessionEvents(
        write_buffer,
        epoch=resumed.epoch,
        agent_name=people.agent_name,
        listened_to=people.listened_to,
        turns=turns,
    )
    totals = SessionTotals(
        session, events, resumed=resumed, write_buffer=write_buffer, agent_name=people.agent_name
    )
    allowance = ToolAllowance(calls=settings.tool_calls, tokens=settings.tool_token_budget)
    tool = search_tool(
        search.search_for_model,
        recalled_context,
        token_budget=settings.recall_token_budget,
        allowance=allowance,
    )
    agent = SupportAgent(
        settings.instructions,
        window=restored(resumed.window),
        window_messages=settings.rolling_window_messages,
        recalled_context=recalled_context,
        events=events,
        greeting=_greeting(settings, resumed, people),
        on_leave=totals.save,
        turns=turns,
        allowance=allowance,
        fallback=_fallback(settings),
        tools=[tool] if settings.tools != "off" else [],
    )
    conversation_agent = ConversationAgent(
        session=session,
        agent=agent,
        events=events,
        recalled_context=recalled_context,
        conversation_search=search,
        write_buffer=write_buffer,
        totals=totals,
        resumed=resumed,
        queued=queued,
        turns=turns,
        apology=settings.apology,
        drain_timeout_s=settings.drain_timeout_s,
    )
    events.attach(session, follow=conversation_agent.follow, spoken_turns=spoken_turns)
    agent.attach(session)
    return conversation_agent


def _recall_limits(settings: AgentSettings) -> RecallLimits:
    return RecallLimits(
        timeout_s=settings.recall_timeout_s,
        debounce_s=settings.recall_debounce_s,
        hits=settings.recall_limit,
        token_budget=settings.recall_token_budget,
        neighbours=settings.recall_neighbours,
        window_messages=settings.recall_window_messages,
    )


def _fallback(settings: AgentSettings) -> Fallback:
    said = apology(settings.apology)
    if settings.without_answer == "extracts":
        return extracts(quotations, otherwise=said)
    return said


def _greeting(settings: AgentSettings, resumed: Resumed, people: People) -> Greeting:
    first_words = opening(
        last_message_at=resumed.last_message_at,
        greeting=settings.greeting,
        welcome_back=settings.welcome_back,
        absence_s=settings.welcome_back_after_s,
        now=resumed.clock.now(),
    )
    return Greeting(
        first_words, settings.farewell, people.has_listener, at_once=people.greet_at_once
    )
