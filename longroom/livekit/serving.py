"""The worker that ships, serving somebody else's agent."""

import multiprocessing
from functools import partial

from livekit.agents import cli
from pydantic import ValidationError

from agent.conversation.memory_options import EVERYTHING, MemoryOptions
from agent.processes.agent_worker import build_worker
from agent.processes.job_process import Entry, serve_entry
from agent.room.conversation_key import KeyOfJob
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings
from retrieval.settings_errors import describe


def serve(
    entry: Entry,
    *,
    agent_name: str | None = None,
    conversation: KeyOfJob | None = None,
    options: MemoryOptions = EVERYTHING,
) -> None:
    """Run a worker until SIGTERM; the program takes LiveKit's commands, such as `start` and `dev`.

    Each room's agent runs in a process of its own, which imports `entry` from your program by name:
    it has to be a function of a module, and so has `conversation`, which may give the key of a
    job's conversation. A dead agent is replaced, a worker that ends hands its
    rooms over. `agent_name` is what rooms ask for; by default LIVEKIT_AGENT_NAME, which the backend
    reads, too. Raises SystemExit for wrong settings.
    """
    if multiprocessing.parent_process() is not None:
        return  # a job's process, which imports the program for `entry`
    try:
        settings, agent_settings = WorkerSettings(), AgentSettings()
    except ValidationError as error:
        raise SystemExit(f"the worker's settings are not usable: {describe(error)}") from None
    if agent_name is not None:
        settings = settings.model_copy(update={"name": agent_name})
    job = partial(serve_entry, entry, options, conversation)
    cli.run_app(build_worker(settings, agent_settings, serve=job))
