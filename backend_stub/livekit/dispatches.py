"""Whether a room has its agent, or one on the way; and a new dispatch where it has neither.

A dispatch that finds no registered worker is lost without an error, and LiveKit never dispatches
again by itself. What it does keep is the room's list of dispatches, each with the jobs that workers
took; all that is decided here is decided from that list, so that any process can decide.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from livekit import api

from retrieval.store.agent_workers import LEASE, AgentWorker
from retrieval.wire import WORKER_ATTRIBUTE

# LiveKit 1.13 lists a dispatch's job up to 5 s after a worker took it.
FIRST_PATIENCE = timedelta(seconds=7)
LONGEST_PATIENCE = timedelta(seconds=60)
JOB_PATIENCE = timedelta(seconds=30)
"""From a job's start on a worker, which may be busy, to its agent in the room."""

FIRST_REPORT_WITHIN = timedelta(seconds=2)

Standing = Literal["served", "coming", "dispatched", "foreign", "gone"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentPresence:
    """How a room stands; `workers` are those of its agents."""

    standing: Standing
    workers: frozenset[str] = frozenset()


class AgentDispatches:
    """Decides for the rooms of one agent name. Raises what the LiveKit API raises."""

    def __init__(self, server: api.LiveKitAPI, agent_name: str) -> None:
        self._server = server
        self._agent_name = agent_name

    async def ensure(
        self, room: str, *, metadata: str | None = None, workers: Sequence[AgentWorker] = ()
    ) -> AgentPresence:
        """Dispatch an agent if the room has none and none is on its way.

        `metadata` says that the room is ours, and goes with the dispatch; without it only rooms
        with a dispatch of ours are. An agent of a dead worker is removed and another one sent.
        """
        agents = await self._agents(room)
        if agents is None:
            return AgentPresence("gone")
        stale = [agent for agent in agents if is_stale(agent, workers, self._agent_name)]
        if len(stale) < len(agents):
            return AgentPresence(
                "served", frozenset(a.attributes.get(WORKER_ATTRIBUTE, "") for a in agents)
            )
        dispatches = await self._server.agent_dispatch.list_dispatch(room)
        ours = [d for d in dispatches if d.agent_name == self._agent_name]
        if not ours and metadata is None:
            return AgentPresence("foreign")
        if not stale and is_coming(ours, workers, self._agent_name):
            return AgentPresence("coming")
        await self._dispatch(room, ours[-1].metadata if metadata is None else metadata)
        for ghost in stale:
            await self._remove(room, ghost.identity)
        return AgentPresence("dispatched")

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
        logger.info("agent dispatched again", extra=_conversation(metadata))

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
    """Whether an agent's worker has died, as far as reports can tell.

    Not if it joined after the worker's last report: then it is the reports that are missing. And
    not if no other worker lives: then nobody could take its place.
    """
    if not any(worker.alive and worker.agent_name == agent_name for worker in workers):
        return False
    id_ = agent.attributes.get(WORKER_ATTRIBUTE)
    joined_at = datetime.fromtimestamp(agent.joined_at_ms / 1000, UTC)
    return any(
        worker.worker_id == id_ and not worker.alive and joined_at < worker.seen_at + LEASE
        for worker in workers
    )


def is_coming(
    dispatches: Sequence[api.AgentDispatch], workers: Sequence[AgentWorker], agent_name: str
) -> bool:
    """Whether the newest dispatch may still bring an agent; the more were lost, the longer."""
    if not dispatches:
        return False
    now = datetime.now(UTC)
    *earlier, newest = sorted(dispatches, key=lambda dispatch: dispatch.state.created_at)
    if newest.state.jobs:
        return any(now - _at(job.state.started_at) < JOB_PATIENCE for job in newest.state.jobs)
    dispatched_at = _at(newest.state.created_at)
    if any(_came_after(dispatched_at, worker, agent_name) for worker in workers):
        return False
    lost = 0
    while earlier and not earlier.pop().state.jobs:
        lost += 1
    patience: timedelta = FIRST_PATIENCE * 2 ** min(lost, 10)
    return now - dispatched_at < min(patience, LONGEST_PATIENCE)


def _came_after(dispatched_at: datetime, worker: AgentWorker, agent_name: str) -> bool:
    """Whether a worker came too late for a dispatch. Its first report may come late as well."""
    late = worker.since > dispatched_at + FIRST_REPORT_WITHIN
    return late and worker.alive and worker.agent_name == agent_name


def _at(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _conversation(metadata: str) -> dict[str, object]:
    """For the log: never what else an application keeps in its metadata."""
    try:
        found = json.loads(metadata)
    except ValueError:
        return {}
    return {"conversation_id": found.get("conversation_id")} if isinstance(found, dict) else {}
