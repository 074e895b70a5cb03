"""The parts of the next job, made before its process is."""

from agent.room.dependencies import Parts, open_parts
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings

_ready: list[Parts] = []


def make_ready(settings: AgentSettings, worker: WorkerSettings) -> None:
    """Call where job processes are forked from: each finds a copy of its own."""
    _ready.append(open_parts(settings, worker))


def take_parts() -> Parts:
    """Those that are ready, else new ones; never the same for two jobs of one process."""
    return _ready.pop() if _ready else open_parts(AgentSettings(), WorkerSettings())
