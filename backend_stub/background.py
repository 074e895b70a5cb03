"""Tasks that run beside the requests: each is started again when it fails, and tells how it is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from retrieval.database.outage import DATABASE_AWAY

logger = logging.getLogger(__name__)

BackgroundState = Literal["running", "restarting", "finished"]

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STOP_S = 3.0


class BackgroundTask:
    """Runs `work` until it returns, and anew when it raises: after a pause that doubles up to
    `longest_pause_s`, and is short again once `work` ran for longer than that.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        on_restart: Callable[[str], None] = lambda name: None,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self.name = name
        self.state: BackgroundState = "running"
        self._work = work
        self._on_restart = on_restart
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._stopping = False
        self.task = asyncio.create_task(self._keep_running(), name=name)

    def cancel(self) -> None:
        """For good: an error that takes the place of the cancellation restarts nothing."""
        self._stopping = True
        self.task.cancel()

    async def _keep_running(self) -> None:
        clock = asyncio.get_running_loop().time
        pause_s = self._first_pause_s
        while True:
            began_at = clock()
            self.state = "running"
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001  # whatever it is, the work has to go on
                if self._stopping:
                    return
                if clock() - began_at > self._longest_pause_s:
                    pause_s = self._first_pause_s
                self._report(error, pause_s)
            else:
                self.state = "finished"
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, self._longest_pause_s)

    def _report(self, error: Exception, pause_s: float) -> None:
        self.state = "restarting"
        self._on_restart(self.name)
        ids = {"task": self.name, "error": type(error).__name__, "pause_s": pause_s}
        if isinstance(error, DATABASE_AWAY):
            logger.warning("background task starts again", extra=ids)
        else:
            logger.error("background task failed and starts again", extra=ids, exc_info=error)


async def stop(tasks: Sequence[BackgroundTask], *, cut_off: Callable[[], None]) -> None:
    """Cancel them; `cut_off` ends the waits of those whose clean-up a silent database holds up.

    Bounded: what goes on after both is logged and left behind.
    """
    if not tasks:
        return
    for one in tasks:
        one.cancel()
    _, left = await asyncio.wait([one.task for one in tasks], timeout=STOP_S)
    if not left:
        return
    cut_off()
    for task in left:
        task.cancel()
    _, left = await asyncio.wait(left, timeout=STOP_S)
    for task in left:
        logger.error("background task does not end", extra={"task": task.get_name()})
