"""Reports this worker to the backend, which gives its rooms other agents when reports stop."""

import asyncio
import logging
import secrets
from collections.abc import Callable

from agent.backend_client import BackendClient
from agent.background_tasks import BackgroundTasks
from agent.errors import CREDENTIALS_REFUSED, BackendError, BackendRejected
from retrieval.wire import WORKER_ATTRIBUTE

INTERVAL_S = 0.75
KEY_REFUSED = (
    "the backend refuses this worker's key: nothing said in its rooms is stored until "
    "BACKEND_SERVICE_KEY is right"
)

logger = logging.getLogger(__name__)


class Heartbeat:
    """Reports from `start` until closed, under an id that is new at each start.

    `key_taken` is told after each answer whether the backend took this worker's key.
    """

    def __init__(
        self,
        agent_name: str,
        open_client: Callable[[], BackendClient],
        *,
        key_taken: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._agent_name = agent_name
        self._open_client = open_client
        self._key_taken = key_taken
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
        except BackendRejected as error:
            refused = error.status in CREDENTIALS_REFUSED
            self._key_taken(not refused)
            if not failing:
                said = KEY_REFUSED if refused else "worker not reported"
                logger.error(said, extra={"reason": str(error)})
            return False
        except BackendError as error:
            if not failing:
                logger.warning("worker not reported", extra={"reason": str(error)})
            return False
        self._key_taken(True)
        return True
