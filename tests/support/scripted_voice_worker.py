"""The voice tests' counterpart of agent/worker.py."""

from agent.processes.agent_worker import build_worker
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings
from tests.support.scripted_voice import serve_scripted

server = build_worker(WorkerSettings(), AgentSettings(), serve=serve_scripted)
