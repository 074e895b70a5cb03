"""Builds the agent of one conversation from its parts, in a LiveKit room or without one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentSession

from agent.backend_client import BackendClient
from agent.conversation.answering.fallback import Fallback, apology, extracts
from agent.conversation.answering.patience import Patience
from agent.conversation.answering.turns import RetryLimits, Turns
from agent.conversation.changes.follower import ChangesFollower
from agent.conversation.changes.known import KnownChanges
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.forgetting import Forgetting
from agent.conversation.memory_options import EVERYTHING, MemoryOptions
from agent.conversation.resume import Resumed
from agent.conversation.session.agent_hooks import AgentHooks
from agent.conversation.session.events import SessionEvents, SpokenTurnListener
from agent.conversation.session.handoffs import Handoffs
from agent.conversation.session.limits import bound_memory, outlast_failures
from agent.conversation.session.window import SessionWindow
from agent.conversation.session_summary import SessionTotals
from agent.conversation.turn_records import TurnRecords
from agent.llm.extractive import quotations
from agent.messages.rolling_window import restored
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.conversation_search import ConversationSearch
from agent.recall.notices import Audience, RecallNotices
from agent.recall.query import Asker, RecallLimits
from agent.recall.recall import Recall
from agent.recall.recalled_context import BlockStyle, RecalledContext
from agent.recall.search_tool import search_tool
from agent.recall.tool_allowance import ToolAllowance
from agent.settings import AgentSettings


@dataclass(frozen=True)
class People:
    """`asker` describes an identity, None the linked participant.

    `introduction` says who is present; it is added to the agent's instructions.
    """

    agent_name: str
    asker: Callable[[str | None], Asker]
    introduction: Callable[[], str] = lambda: ""

    def listened_to(self) -> str:
        return self.asker(None).identity


def build_conversation(
    settings: AgentSettings,
    *,
    client: BackendClient,
    resumed: Resumed,
    session: AgentSession[Any],
    people: People,
    spoken_turns: SpokenTurnListener | None = None,
    recall_audience: Audience | None = None,
    options: MemoryOptions = EVERYTHING,
) -> ConversationAgent:
    """Call before `session` starts: recording begins here."""
    queued: set[str] = set()
    traces = options.turn_traces and settings.turn_traces
    search = ConversationSearch(
        client, resumed.conversation_id, timeout_s=settings.search_timeout_s, queued=queued
    )
    notices = RecallNotices(recall_audience if options.recall_notices else None)
    limits = _recall_limits(settings, explain=traces)
    recalled_context = RecalledContext(
        Recall(search.search, limits=limits, searches=notices.searches),
        asker=people.asker,
        style=BlockStyle(settings.recall_role, settings.recall_token_budget),
        queued=queued,
        notices=notices,
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
        remembers_tool=options.remembers_tool,
    )
    known = KnownChanges(resumed.conversation_id, resumed.revision, resumed.clock)
    changes = ChangesFollower(
        client,
        known,
        conversation_id=resumed.conversation_id,
        on_disk=resumed.outbox.erased_to,
        interval_s=settings.changes_interval_s,
    )
    totals = SessionTotals(
        session, events, resumed=resumed, write_buffer=write_buffer, agent_name=people.agent_name
    )
    allowance = ToolAllowance(calls=settings.tool_calls, tokens=settings.tool_token_budget)
    window = SessionWindow(
        session,
        restored=restored(resumed.window),
        max_messages=settings.rolling_window_messages,
        enters_agents=options.window,
        changes=known,
    )
    tool = search_tool(
        search.search_for_model,
        recalled_context,
        token_budget=settings.recall_token_budget,
        allowance=allowance,
        results=known,
    )
    handoffs = Handoffs(session)
    records = TurnRecords(
        write_buffer,
        recalled_context,
        events=events,
        window=window,
        known=known,
        resumed=resumed,
        token_budget=settings.recall_token_budget,
        traces=traces,
    )
    hooks = AgentHooks(
        events=events,
        turns=turns,
        handoffs=handoffs,
        window=window,
        recalled_context=recalled_context if options.recall else None,
        search_tool=tool if options.search_tool and settings.tools != "off" else None,
        allowance=allowance,
        introduction=people.introduction if options.introduction else lambda: "",
        fallback=_fallback(settings),
        changes=changes,
        known=known,
    )
    conversation = ConversationAgent(
        session=session,
        hooks=hooks,
        window=window,
        handoffs=handoffs,
        events=events,
        forgetting=Forgetting(
            known=known,
            changes=changes,
            session=session,
            hooks=hooks,
            events=events,
            recalled_context=recalled_context,
            write_buffer=write_buffer,
            turns=turns,
            resumed=resumed,
        ),
        recalled_context=recalled_context,
        conversation_search=search,
        write_buffer=write_buffer,
        records=records,
        totals=totals,
        resumed=resumed,
        queued=queued,
        turns=turns,
        apology=settings.apology,
        drain_timeout_s=settings.drain_timeout_s,
    )
    events.attach(session, follow=conversation.follow, spoken_turns=spoken_turns)
    bound_memory(session)
    outlast_failures(session)
    window.follow()
    hooks.follow(session)
    if options.recall:
        session.on(
            "user_input_transcribed",
            lambda event: conversation.hear(event.transcript, final=event.is_final),
        )
    return conversation


def _recall_limits(settings: AgentSettings, *, explain: bool) -> RecallLimits:
    return RecallLimits(
        timeout_s=settings.recall_timeout_s,
        debounce_s=settings.recall_debounce_s,
        hits=settings.recall_limit,
        token_budget=settings.recall_token_budget,
        neighbours=settings.recall_neighbours,
        window_messages=settings.recall_window_messages,
        explain=explain,
    )


def _fallback(settings: AgentSettings) -> Fallback:
    said = apology(settings.apology)
    if settings.without_answer == "extracts":
        return extracts(quotations, otherwise=said)
    return said
