"""What a job needs, built before its process is forked: each process inherits its own copy."""

from dataclasses import dataclass

from agent.room.dependencies import JobDependencies, open_dependencies
from agent.settings import AgentSettings
from agent.support.models import RoomModels, open_models
from agent.worker_settings import RoomSettings


@dataclass(frozen=True)
class Prebuilt:
    """`models` are the support agent's; other agents bring their own."""

    dependencies: JobDependencies
    models: RoomModels


_prebuilt: list[Prebuilt] = []


def prebuild(settings: AgentSettings, room: RoomSettings) -> None:
    """Call in the process that job processes are forked from."""
    _prebuilt.append(build(settings, room))


def take_prebuilt() -> Prebuilt:
    """The prebuilt one, once; otherwise a new one. Two jobs of one process share none."""
    return _prebuilt.pop() if _prebuilt else build(AgentSettings(), RoomSettings())


def build(settings: AgentSettings, room: RoomSettings) -> Prebuilt:
    return Prebuilt(open_dependencies(settings, room), open_models(settings, room))
