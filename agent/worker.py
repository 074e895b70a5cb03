"""Run by `longroom worker` and by `python -m livekit.agents start agent/worker.py`.

LiveKit's command line takes `server` from here. Job processes never import this module, which reads
the environment: they import `agent.processes.job_process`.
"""

from pydantic import ValidationError

from agent.processes.agent_worker import build_worker
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings
from retrieval.settings_errors import describe

try:
    server = build_worker(WorkerSettings(), AgentSettings())
except ValidationError as error:
    raise SystemExit(f"the worker's settings are not usable: {describe(error)}") from None
