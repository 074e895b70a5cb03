"""The parts of the next job, made before its process is."""

from agent.room.dependencies import JobDependencies, open_dependencies
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings

_ready: list[JobDependencies] = []


def prebuild(settings: AgentSettings, worker: WorkerSettings) -> None:
    """Call where job processes are forked from: each finds a copy of its own."""
    _ready.append(open_dependencies(settings, worker))


def take_prebuilt() -> JobDependencies:
    """Those that are ready, else new ones; never the same for two jobs of one process."""
    return _ready.pop() if _ready else open_dependencies(AgentSettings(), WorkerSettings())
