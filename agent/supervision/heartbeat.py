"""Reports this worker to the backend, which gives its rooms other agents when reports stop."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable

from agent.backend_client import BackendClient
from agent.background_tasks import BackgroundTasks
from longroom.client import CREDENTIALS_REFUSED, BackendError, BackendRejected
from retrieval.wire import WORKER_ATTRIBUTE

INTERVAL_S = 0.75
NOT_REPORTED = "worker not reported"
KEY_REFUSED = (
    "the backend refuses this worker's key: nothing said in its rooms is stored until "
    "BACKEND_SERVICE_KEY is right"
)

logger = logging.getLogger(__name__)


class Heartbeat:
    """Reports from `start` until closed, under an id that is new at each start.

    `key_taken` is told whether the backend takes this worker's key, where its answer tells.
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
        self._registered_at: float | None = None

    @property
    def attributes(self) -> dict[str, str]:
        return {WORKER_ATTRIBUTE: self._worker_id}

    @property
    def _registered_s_ago(self) -> float:
        return 0.0 if self._registered_at is None else time.monotonic() - self._registered_at

    def start(self) -> None:
        """Call each time that LiveKit registers the worker."""
        is_first = self._registered_at is None
        self._registered_at = time.monotonic()
        if is_first:
            self._tasks.start(self._report_forever())

    async def aclose(self) -> None:
        await self._tasks.aclose()

    async def _report_forever(self) -> None:
        client = self._open_client()
        try:
            wrong = None
            while True:
                wrong = await self._report(client, wrong)
                await asyncio.sleep(INTERVAL_S)
        finally:
            await client.aclose()

    async def _report(self, client: BackendClient, before: str | None) -> str | None:
        """What is wrong, told once; `before` is what was at the last report."""
        try:
            await client.report_worker(
                self._agent_name, self._worker_id, registered_s_ago=self._registered_s_ago
            )
        except BackendError as error:
            refused = isinstance(error, BackendRejected) and error.status in CREDENTIALS_REFUSED
            if refused:
                self._key_taken(False)
            wrong = KEY_REFUSED if refused else NOT_REPORTED
            if wrong != before:
                level = logging.ERROR if refused else logging.WARNING
                logger.log(level, wrong, extra={"reason": str(error)})
            return wrong
        self._key_taken(True)
        return None
