"""What a job needs independent of its room: it can be built before there is one."""

from dataclasses import dataclass

from agent.backend_client import BackendClient, open_client
from agent.conversation.turn_metrics import TurnMetrics
from agent.outbox.metrics import OutboxMetrics
from agent.settings import AgentSettings
from agent.worker_settings import RoomSettings


@dataclass(frozen=True)
class JobDependencies:
    """The job closes `client`."""

    settings: AgentSettings
    room: RoomSettings
    client: BackendClient
    metrics: TurnMetrics
    outbox_metrics: OutboxMetrics


def open_dependencies(settings: AgentSettings, room: RoomSettings) -> JobDependencies:
    """Connects to nothing before use."""
    return JobDependencies(settings, room, open_client(settings), TurnMetrics(), OutboxMetrics())
