"""Whether a room has an agent or one on its way; dispatches one if it has neither.

LiveKit drops a dispatch that finds no registered worker, without an error, and never repeats it.
Every decision is made from its list of dispatches and their jobs: no process keeps state.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from livekit import api
from livekit.protocol.agent import JobStatus

from backend_stub.livekit.other_conversations import brings_other, serves_other
from retrieval.store.agent_workers import LEASE, AgentWorker
from retrieval.wire import WORKER_ATTRIBUTE, conversation_in, key_in

# LiveKit 1.13 lists a dispatch's job up to 5 s after a worker took it.
FIRST_PATIENCE = timedelta(seconds=7)
LONGEST_PATIENCE = timedelta(seconds=60)
JOB_PATIENCE = timedelta(seconds=30)
"""From a job's start on a worker, which may be busy, to its agent in the room."""

ENDED = (JobStatus.JS_SUCCESS, JobStatus.JS_FAILED, JobStatus.JS_CANCELLED)

FIRST_REPORT_WITHIN = timedelta(seconds=2)

PresenceState = Literal["served", "coming", "dispatched", "orphaned", "foreign", "gone"]
"""orphaned: a dead agent of ours is all that tells the room is one of ours: a restarted LiveKit
server has forgotten its dispatches; foreign: not a room of ours; gone: LiveKit has no such room."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentPresence:
    """`workers`: ids of those that run the room's agents; empty unless it is served."""

    state: PresenceState
    workers: frozenset[str] = frozenset()


class AgentDispatches:
    """Raises what the LiveKit API raises."""

    def __init__(self, server: api.LiveKitAPI, agent_name: str) -> None:
        self._server = server
        self._agent_name = agent_name

    async def ensure(
        self, room: str, *, metadata: str | None = None, workers: Sequence[AgentWorker] = ()
    ) -> AgentPresence:
        """Dispatch an agent if none is there or on its way; replace stale ones. Without `metadata`,
        only rooms with an earlier dispatch for our agent name count as ours: the new one has its
        metadata, whoever has made it.

        Where `metadata` names a key, agents of other conversations are replaced, too, and those on
        their way are called off.
        """
        agents = await self._agents(room)
        if agents is None:
            return AgentPresence("gone")
        if metadata is not None and key_in(metadata) is not None:
            agents = await self._without_others(room, agents, metadata)
        stale = [agent for agent in agents if is_stale(agent, workers, self._agent_name)]
        if len(stale) < len(agents):
            ids = (agent.attributes.get(WORKER_ATTRIBUTE, "") for agent in agents)
            return AgentPresence("served", frozenset(ids))
        ours = await self._ours(room)
        state = self._state(ours, stale, metadata, workers)
        if state == "dispatched":
            await self._dispatch(room, ours[-1].metadata if metadata is None else metadata)
            for agent in stale:
                await self._remove(room, agent.identity)
        return AgentPresence(state)

    async def _ours(self, room: str) -> list[api.AgentDispatch]:
        """Oldest first."""
        dispatches = await self._server.agent_dispatch.list_dispatch(room)
        ours = [d for d in dispatches if d.agent_name == self._agent_name]
        return sorted(ours, key=lambda dispatch: dispatch.state.created_at)

    async def _without_others(
        self, room: str, agents: Sequence[api.ParticipantInfo], metadata: str
    ) -> list[api.ParticipantInfo]:
        """Removed at once, unlike at a handover: what they know is not for this room any more."""
        for dispatch in await self._ours(room):
            if brings_other(dispatch, metadata):
                await self._server.agent_dispatch.delete_dispatch(dispatch.id, room)
        others = [agent for agent in agents if serves_other(agent, metadata)]
        for agent in others:
            await self._remove(room, agent.identity)
        return [agent for agent in agents if agent not in others]

    def _state(
        self,
        ours: Sequence[api.AgentDispatch],
        stale: Sequence[api.ParticipantInfo],
        metadata: str | None,
        workers: Sequence[AgentWorker],
    ) -> PresenceState:
        if not ours and metadata is None:
            died = any(is_of(agent, workers, self._agent_name) for agent in stale)
            return "orphaned" if died else "foreign"
        if not stale and is_coming(ours, workers, self._agent_name):
            return "coming"
        return "dispatched"

    async def _agents(self, room: str) -> list[api.ParticipantInfo] | None:
        try:
            found = await self._server.room.list_participants(
                api.ListParticipantsRequest(room=room)
            )
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return None
            raise
        return [p for p in found.participants if p.kind == api.ParticipantInfo.AGENT]

    async def _dispatch(self, room: str, metadata: str) -> None:
        await self._server.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(
                room=room, agent_name=self._agent_name, metadata=metadata
            )
        )
        # The id only: metadata may hold what another application keeps there.
        extra = {"conversation_id": conversation_in(metadata)}
        logger.info("agent dispatched again", extra=extra)

    async def _remove(self, room: str, identity: str) -> None:
        """The new agent waits until no earlier one is listed."""
        try:
            await self._server.room.remove_participant(
                api.RoomParticipantIdentity(room=room, identity=identity)
            )
        except api.TwirpError as error:
            if error.code != api.TwirpErrorCode.NOT_FOUND:
                raise


def is_stale(agent: api.ParticipantInfo, workers: Sequence[AgentWorker], agent_name: str) -> bool:
    """Whether an agent's worker has died, judged by its reports. False if the agent joined after
    the last report (only reports are missing) or no other worker is alive to take over.
    """
    if not any(worker.alive and worker.agent_name == agent_name for worker in workers):
        return False
    id_ = agent.attributes.get(WORKER_ATTRIBUTE)
    joined_at = datetime.fromtimestamp(agent.joined_at_ms / 1000, UTC)
    return any(
        worker.worker_id == id_ and not worker.alive and joined_at < worker.seen_at + LEASE
        for worker in workers
    )


def is_of(agent: api.ParticipantInfo, workers: Sequence[AgentWorker], agent_name: str) -> bool:
    """Whether an agent runs, or ran, on a worker of that name."""
    id_ = agent.attributes.get(WORKER_ATTRIBUTE)
    return any(worker.worker_id == id_ and worker.agent_name == agent_name for worker in workers)


def is_coming(
    dispatches: Sequence[api.AgentDispatch], workers: Sequence[AgentWorker], agent_name: str
) -> bool:
    """Whether the newest dispatch may still bring an agent; waits longer after each lost one."""
    if not dispatches:
        return False
    now = datetime.now(UTC)
    *earlier, newest = sorted(dispatches, key=lambda dispatch: dispatch.state.created_at)
    if newest.state.jobs:
        return any(
            now - _at(job.state.started_at) < JOB_PATIENCE
            for job in newest.state.jobs
            if job.state.status not in ENDED
        )
    dispatched_at = _at(newest.state.created_at)
    if any(_came_after(dispatched_at, worker, agent_name) for worker in workers):
        return False
    lost = 0
    while earlier and not earlier.pop().state.jobs:
        lost += 1
    patience: timedelta = FIRST_PATIENCE * 2 ** min(lost, 10)
    return now - dispatched_at < min(patience, LONGEST_PATIENCE)


def _came_after(dispatched_at: datetime, worker: AgentWorker, agent_name: str) -> bool:
    """Whether a worker registered too late for a dispatch; its first report may come late, too."""
    late = worker.since > dispatched_at + FIRST_REPORT_WITHIN
    return late and worker.alive and worker.agent_name == agent_name


def _at(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
