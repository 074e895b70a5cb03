"""Imported where job processes are forked from, and nowhere else: importing it does the work.

LiveKit's worker preloads modules, so that this is one. Nothing here is needed: if it fails, each
job process does for itself what it finds undone.
"""

import asyncio
import logging
from importlib import import_module

# With what plugins import only when it is used: each room would wait 0.2 s for that.
_IMPORTED_LATE = [
    "agent.worker",
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
    for module in _IMPORTED_LATE:
        import_module(module)
    # After `_preload`, which is LiveKit's own: from here on nothing more is imported.
    from agent.settings import AgentSettings
    from agent.warmup.prebuilt import prebuild
    from agent.warmup.warmup import warm_up
    from agent.worker_settings import WorkerSettings

    settings, worker = AgentSettings(), WorkerSettings()
    asyncio.run(warm_up(settings, worker))
    prebuild(settings, worker)


# What the rehearsal logs is about nobody.
logging.disable(logging.CRITICAL)
try:
    _prepare()
except Exception:
    # The boundary: an error here would end the process that all job processes come from.
    logging.disable(logging.NOTSET)
    logger.exception("rehearsal failed; agents start slower and weigh more")
finally:
    logging.disable(logging.NOTSET)
