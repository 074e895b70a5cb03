"""LiveKit's limits of a session, for one that goes on for months."""

from dataclasses import replace
from typing import Any, get_args

from livekit.agents import AgentSession
from livekit.agents.voice.events import AgentEvent, EventTypes

KEPT_EVENTS = 256
KEPT_ITEMS = 128
_NEVER = 1_000_000_000


def bound_memory(session: AgentSession[Any]) -> None:
    """livekit-agents 1.8 keeps every item and event; here full lists are halved: constant cost."""

    def forget_oldest(_: AgentEvent) -> None:
        # Private in livekit-agents; tests/session/test_bounded_session.py fails if it is renamed.
        events = getattr(session, "_recorded_events", [])
        if len(events) > KEPT_EVENTS:
            del events[: -KEPT_EVENTS // 2]
        if len(session.history.items) > KEPT_ITEMS:
            session.history.truncate(max_items=KEPT_ITEMS // 2)

    for event in get_args(EventTypes):
        session.on(event, forget_oldest)


def drop_events(session: AgentSession[Any]) -> None:
    """What LiveKit has recorded of the session, with its texts."""
    getattr(session, "_recorded_events", []).clear()


def outlast_failures(session: AgentSession[Any]) -> None:
    """A model that is down fails turns, one by one.

    LiveKit's default of three in a row would end the session, and leave the room without its agent
    when the model is back. It would also repeat requests without end for others' turns, and after
    an answer broke off: `answering.requests` repeats them instead.
    """
    options = session.conn_options
    options.max_unrecoverable_errors = _NEVER
    options.llm_conn_options = replace(options.llm_conn_options, max_retry=0)
