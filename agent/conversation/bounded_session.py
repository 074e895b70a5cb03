"""An AgentSession whose memory does not grow with its conversation."""

from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice.events import AgentEvent, EventTypes

KEPT_EVENTS = 256
KEPT_ITEMS = 128


class BoundedSession(AgentSession[Any]):
    """livekit-agents 1.8 keeps every item and event; here full lists are halved: constant cost."""

    def emit(self, event: EventTypes, arg: AgentEvent) -> None:
        super().emit(event, arg)
        # Private in livekit-agents; tests/session/test_bounded_session.py fails if it is renamed.
        events = getattr(self, "_recorded_events", [])
        if len(events) > KEPT_EVENTS:
            del events[: -KEPT_EVENTS // 2]
        if len(self.history.items) > KEPT_ITEMS:
            self.history.truncate(max_items=KEPT_ITEMS // 2)
