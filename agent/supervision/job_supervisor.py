"""Replaces an agent whose process died, long before LiveKit notices (that takes 21 s)."""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable, Sequence

import aiohttp
from livekit import api
from livekit.agents import AgentServer
from livekit.agents.ipc.job_executor import JobExecutor
from livekit.agents.job import RunningJobInfo
from livekit.agents.utils import shortuuid

from agent.background_tasks import BackgroundTasks
from agent.supervision.dispatch import dispatch_again

READY_ATTRIBUTE = "longroom.ready"
"""An agent sets this participant attribute once it takes questions."""

RETRY_AFTER_S: Sequence[float] = (3.0, 5.0, 10.0, 20.0, 40.0)
CRASH_LOOP_WINDOW_S = 60.0
MAX_CRASH_PAUSE_S = 30.0
MAX_CRASHED_ROOMS = 1_000
POLL_S = 0.25

logger = logging.getLogger(__name__)


def restarted(dead: RunningJobInfo, *, api_key: str, api_secret: str) -> RunningJobInfo:
    """New job id and identity. Faster than a dispatch, which waits 0.2 s for workers' bids."""
    job = api.Job()
    job.CopyFrom(dead.job)
    job.id = shortuuid("AJ_")
    identity = f"agent-{job.id}"
    return dataclasses.replace(
        dead,
        job=job,
        accept_arguments=dataclasses.replace(dead.accept_arguments, identity=identity),
        token=_reissued(dead.token, identity, api_key=api_key, api_secret=api_secret),
    )


def _reissued(token: str, identity: str, *, api_key: str, api_secret: str) -> str:
    """The dead agent's token, which may have expired."""
    new = api.AccessToken(api_key, api_secret).with_identity(identity)
    new.claims = api.TokenVerifier(api_key, api_secret).verify(token, verify_signature=False)
    return new.to_jwt()


class JobSupervisor:
    """Restarts crashed job processes; `restarted` prepares a dead one's job for another."""

    def __init__(
        self,
        livekit: api.LiveKitAPI,
        server: AgentServer,
        restarted: Callable[[RunningJobInfo], RunningJobInfo],
        *,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        self._livekit = livekit
        self._server = server
        self._restarted = restarted
        self._retry_after_s = retry_after_s
        self._crashes: dict[str, list[float]] = {}
        self._tasks = BackgroundTasks()

    def watch(self) -> None:
        """Call after the worker has started: its process pool does not exist before.

        The pool is private in livekit-agents 1.8; a test fails if it is renamed.
        """
        self._server._proc_pool.on("process_closed", self.process_closed)

    def process_closed(self, process: JobExecutor) -> None:
        job = process.running_job
        exit_code = getattr(process, "exitcode", 0)
        if job is None or not exit_code:
            return
        dead_identity = job.accept_arguments.identity or f"agent-{job.job.id}"
        logger.error(
            "agent process died; its room gets a new one",
            extra={"room": job.job.room.name, "job_id": job.job.id, "exit_code": exit_code},
        )
        self._tasks.start(self._replace(job, dead_identity))

    async def aclose(self) -> None:
        await self._tasks.aclose()

    async def _replace(self, dead: RunningJobInfo, dead_identity: str) -> None:
        room = dead.job.room.name
        await asyncio.sleep(self._pause_before(room))
        bring = self._start_here
        for patience_s in self._retry_after_s:
            try:
                people = await self._participants(room)
                if all(person.kind == api.ParticipantInfo.AGENT for person in people):
                    return
                # Together: the new agent waits until no earlier one is listed.
                listed = any(person.identity == dead_identity for person in people)
                await asyncio.gather(bring(dead), self._remove(room, dead_identity, listed))
                if await self._agent_ready(room, dead_identity, patience_s):
                    return
            except (api.TwirpError, aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(patience_s)
            bring = self._dispatch
        logger.error("no agent came back", extra={"room": room})

    async def _start_here(self, dead: RunningJobInfo) -> None:
        if self._server.draining:  # it takes no job
            await self._dispatch(dead)
        else:  # in the background: launching waits for a process
            self._tasks.start(self._server._proc_pool.launch_job(self._restarted(dead)))

    async def _dispatch(self, dead: RunningJobInfo) -> None:
        await dispatch_again(self._livekit, dead.job)

    def _pause_before(self, room: str) -> float:
        """0 s for a room's first crashes, doubling for one that kills each of its agents."""
        now = time.monotonic()
        recent = [at for at in self._crashes.get(room, []) if now - at < CRASH_LOOP_WINDOW_S]
        self._crashes[room] = [*recent, now]
        if len(self._crashes) > MAX_CRASHED_ROOMS:
            del self._crashes[next(iter(self._crashes))]
        return 0.0 if len(recent) < 3 else min(2.0 ** (len(recent) - 3), MAX_CRASH_PAUSE_S)

    async def _remove(self, room: str, dead_identity: str, listed: bool) -> None:
        if listed:  # as LiveKit would list it for another 21 s
            identity = api.RoomParticipantIdentity(room=room, identity=dead_identity)
            await self._livekit.room.remove_participant(identity)

    async def _agent_ready(self, room: str, dead_identity: str, patience_s: float) -> bool:
        try:
            async with asyncio.timeout(patience_s):
                while not await self._has_ready_agent(room, besides=dead_identity):  # noqa: ASYNC110  # no event
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
        return True

    async def _has_ready_agent(self, room: str, *, besides: str) -> bool:
        people = await self._participants(room)
        return any(READY_ATTRIBUTE in p.attributes and p.identity != besides for p in people)

    async def _participants(self, room: str) -> Sequence[api.ParticipantInfo]:
        request = api.ListParticipantsRequest(room=room)
        try:
            return (await self._livekit.room.list_participants(request)).participants
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return ()
            raise
