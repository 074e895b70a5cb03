"""Does its work on import, in the process that job processes are forked from.

LiveKit's worker can only be given modules to preload. If this fails, each job process does what is
left itself.
"""

import asyncio
import logging
from importlib import import_module

# Includes what plugins import on first use, which would delay each room by 0.2 s.
_MODULES = [
    "agent.processes.job_process",
    "anyio._backends._asyncio",
    "httpcore",
    "livekit.agents.ipc._preload",
    "livekit.agents.llm.async_toolset",
    "openai.lib.streaming.chat",
    "openai.resources.chat.completions",
    "openai.resources.models",
]

logger = logging.getLogger(__name__)


def _prepare() -> None:
    for module in _MODULES:
        import_module(module)
    # After LiveKit's own `_preload`.
    from agent.settings import AgentSettings
    from agent.warmup.prebuilt import prebuild
    from agent.warmup.warmup import warm_up
    from agent.worker_settings import RoomSettings

    settings = AgentSettings()
    asyncio.run(warm_up(settings))
    prebuild(settings, RoomSettings())


try:
    _prepare()
except Exception:
    # The boundary: an error here would end the process that all job processes come from.
    logger.exception("warm-up failed; agents start slower and weigh more")
