"""Reports this worker to the backend, which gives its rooms other agents when reports stop."""

import asyncio
import logging
import secrets
from collections.abc import Callable

from agent.backend_client import BackendClient
from agent.background_tasks import BackgroundTasks
from agent.errors import BackendError
from retrieval.wire import WORKER_ATTRIBUTE

INTERVAL_S = 0.75

logger = logging.getLogger(__name__)


class Heartbeat:
    """Reports from `start` until closed, under an id that is new at each start."""

    def __init__(self, agent_name: str, open_client: Callable[[], BackendClient]) -> None:
        self._agent_name = agent_name
        self._open_client = open_client
        self._worker_id = secrets.token_hex(8)
        self._tasks = BackgroundTasks()
        self._started = False

    @property
    def attributes(self) -> dict[str, str]:
        return {WORKER_ATTRIBUTE: self._worker_id}

    def start(self) -> None:
        """Call once the worker is registered; later calls do nothing."""
        if not self._started:
            self._started = True
            self._tasks.start(self._report_forever())

    async def aclose(self) -> None:
        await self._tasks.aclose()

    async def _report_forever(self) -> None:
        client = self._open_client()
        try:
            failing = False
            while True:
                failing = not await self._report(client, failing)
                await asyncio.sleep(INTERVAL_S)
        finally:
            await client.aclose()

    async def _report(self, client: BackendClient, failing: bool) -> bool:
        try:
            await client.report_worker(self._agent_name, self._worker_id)
        except BackendError as error:
            if not failing:
                logger.warning("worker not reported", extra={"reason": str(error)})
            return False
        return True
