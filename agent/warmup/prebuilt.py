"""A job's dependencies, built before its process is forked: each process inherits its own copy."""

from agent.room.dependencies import JobDependencies, open_dependencies
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings

_prebuilt: list[JobDependencies] = []


def prebuild(settings: AgentSettings, worker: WorkerSettings) -> None:
    """Call in the process that job processes are forked from."""
    _prebuilt.append(open_dependencies(settings, worker))


def take_prebuilt() -> JobDependencies:
    """The prebuilt ones, once; otherwise new ones. Two jobs of one process share none."""
    return _prebuilt.pop() if _prebuilt else open_dependencies(AgentSettings(), WorkerSettings())
