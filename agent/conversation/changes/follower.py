"""Asks the backend for what was erased and corrected, when there is a reason to, and now and then.

Answers of the backend tell a later revision, and are believed. A push in the room may come from
anybody: it is a reason to ask, at most once a second.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from uuid import UUID

from agent.backend_client import BackendClient
from agent.background_tasks import BackgroundTasks
from agent.conversation.changes.known import KnownChanges
from agent.errors import OutboxError
from agent.messages.erasures import Erasures, erasures_since
from longroom.client import BackendError

logger = logging.getLogger(__name__)

LEAST_S = 1.0
"""Between two requests, unless an answer of the backend asks for one."""

_FAILING_S = 0.1

Apply = Callable[[Erasures, int], Awaitable[None]]


class ChangesFollower:
    """`on_disk` gives the revision that the outbox has, which may be behind."""

    def __init__(
        self,
        client: BackendClient,
        known: KnownChanges,
        *,
        conversation_id: UUID,
        on_disk: Callable[[], Awaitable[int]],
        interval_s: float,
        least_s: float = LEAST_S,
    ) -> None:
        self._client = client
        self._known = known
        self._conversation_id = conversation_id
        self._on_disk = on_disk
        self._interval_s = interval_s
        self._least_s = least_s
        self._told = known.revision
        self._failures = 0
        self._erasures_told = 0
        self._erasures_asked = 0
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._asked = asyncio.Event()
        self.conversation_erased = asyncio.Event()
        self._tasks = BackgroundTasks()

    def start(self, apply: Apply) -> None:
        """`apply` gets what is new, and its revision, once `known` has it.

        Asks at once: something may have been erased since the agent joined.
        """
        self._client.listeners.append(self.notice)
        self._wake.set()
        self._tasks.start(self._run(apply))

    async def aclose(self) -> None:
        if self.notice in self._client.listeners:
            self._client.listeners.remove(self.notice)
        await self._tasks.aclose()

    @property
    def is_behind(self) -> bool:
        """Whether an answer has told of something that is not known yet."""
        has_been_told = self._erasures_told > self._erasures_asked
        return has_been_told or self._told > self._known.revision

    def is_up_to_date(self, revision: int) -> bool:
        """Whether an answer of this revision lacks nothing that another one has told of."""
        return revision >= self._told and self._erasures_told <= self._erasures_asked

    def notice(self, conversation_id: UUID, revision: int | None) -> None:
        """From an answer of the backend; None: it says that something was erased."""
        if conversation_id != self._conversation_id or self.conversation_erased.is_set():
            return
        if revision is None:
            self._erasures_told += 1
        elif revision > self._told:
            self._told = revision
        else:
            if revision < self._known.revision:  # an old answer, or a database that was restored
                self._wake.set()
            return
        self._urgent.set()
        self._wake.set()

    def suspect(self, revision: int) -> None:
        """From a push, which may be anybody's."""
        if revision > self._known.revision:
            self._wake.set()

    async def caught_up(self, timeout_s: float) -> bool:
        """False if what an answer has told of is still not known after `timeout_s`; sooner while
        asking fails.
        """
        try:
            async with asyncio.timeout(timeout_s if not self._failures else _FAILING_S):
                while self.is_behind and not self.conversation_erased.is_set():
                    await self._asked.wait()
        except TimeoutError:
            return False
        return True

    async def _run(self, apply: Apply) -> None:
        while not self.conversation_erased.is_set():
            await _set_or(self._wake, self._until_next_s())
            self._wake.clear()
            self._urgent.clear()
            try:
                await self._ask(apply)
                self._failures = 0
            except BackendError as error:
                # One that knows no erasures answers so, too.
                self._failures += 1
                level = logging.WARNING if self.is_behind else logging.INFO
                logger.log(level, "erasures not asked for", extra=self._about(error))
            except OutboxError as error:
                logger.error("what was erased is still on disk", extra=self._about(error))
            except Exception:
                # The loop's boundary: an agent that learns nothing more would keep what is erased.
                logger.exception("erasures not applied", extra=self._ids())
            self._asked.set()
            self._asked.clear()
            await _set_or(
                self._urgent, min(self._interval_s, self._least_s * 2 ** min(self._failures, 9))
            )
            if self.is_behind:
                self._wake.set()

    def _until_next_s(self) -> float:
        """Rooms that were opened together do not ask together."""
        return self._interval_s * random.uniform(0.5, 1.0)  # noqa: S311 - guards nothing

    async def _ask(self, apply: Apply) -> None:
        told, erasures_told = self._told, self._erasures_told
        after = min(self._known.revision, await self._on_disk())
        erasures, revision = await erasures_since(self._client, self._conversation_id, after)
        self._known.add(erasures, revision)
        # What was told meanwhile is asked for again. Of a restored database the revision may be
        # lower than it was.
        self._told = revision if self._told == told else self._told
        self._erasures_asked = erasures_told
        try:
            if erasures or revision != after:
                await apply(erasures, revision)
        finally:
            if erasures.everything:
                self.conversation_erased.set()  # whoever waits for it ends this process

    def _about(self, error: Exception) -> dict[str, str]:
        return self._ids() | {"reason": str(error)}

    def _ids(self) -> dict[str, str]:
        return {"conversation_id": str(self._conversation_id)}


async def _set_or(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
