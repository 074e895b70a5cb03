"""An agent comes into a room, and finds out what the room's conversation is."""

import asyncio
import logging
from typing import NoReturn
from uuid import UUID

from livekit.agents import JobContext

from agent.conversation.resume import Resumed, resume, resumed_at_last
from agent.room.conversation_key import KeyOfJob, NamedConversation, named_conversation
from agent.room.dependencies import JobDependencies
from agent.room.leader_election import LeaderElection
from agent.room.participants import Participants, room_language
from longroom.client import BackendError, RoomMoved
from retrieval.wire import CONVERSATION_ATTRIBUTE, conversation_in, key_in

logger = logging.getLogger(__name__)


class Arrival:
    """Of one job's agent; the participants tell who is there already."""

    def __init__(
        self,
        ctx: JobContext,
        dependencies: JobDependencies,
        participants: Participants,
        *,
        conversation: KeyOfJob | None,
    ) -> None:
        self._ctx = ctx
        self._dependencies = dependencies
        self._participants = participants
        self._key_of_job = conversation
        self.election = LeaderElection(ctx.room)

    async def resume(self) -> Resumed:
        """Once no earlier agent is there. Call connected.

        Ends the job with CancelledError if the room has been given another conversation since this
        agent was asked for: that one's agent is on its way.
        """
        ctx, replaced = self._ctx, self.election.replaced
        await self._check_still_wanted()
        # Before the backend is asked: who gives the room another conversation after its answer
        # finds this agent by what it tells.
        await self.election.announce(_told(conversation_in(ctx.job.metadata)))
        await self.election.wait_for_earlier()
        named = await named_conversation(ctx, of_job=self._key_of_job, replaced=replaced)
        await self._tell(named.conversation_id)
        try:
            resumed = await resumed_at_last(lambda: self._resumed(named))
        except RoomMoved:
            self._leave(named.conversation_id)
        await self._tell(resumed.conversation_id)
        return resumed

    async def _check_still_wanted(self) -> None:
        """An agent that announces itself takes the room from the one that is there. Where the
        room's metadata name another conversation than the job's, the backend is asked before that.
        """
        ctx = self._ctx
        asked_for = None if self._key_of_job else conversation_in(ctx.job.metadata)
        if asked_for is None or conversation_in(ctx.room.metadata) in {None, asked_for}:
            return
        try:
            await self._dependencies.client.agent_joined(
                ctx.room.name,
                identity=ctx.room.local_participant.identity,
                session_id=ctx.job.id,
                window=0,
                conversation=key_in(ctx.job.metadata),
                asked_for=asked_for,
                livekit_sid=ctx.job.room.sid or None,
            )
        except RoomMoved:
            self._leave(asked_for)
        except (BackendError, ValueError) as error:
            # It is asked once more, after the earlier agent has left.
            logger.warning("not known whose room it is", extra={"error": type(error).__name__})

    def _leave(self, asked_for: UUID | None) -> NoReturn:
        logger.warning(
            "the room has another conversation by now", extra={"asked_for": str(asked_for)}
        )
        self._ctx.shutdown("the room has another conversation")
        raise asyncio.CancelledError  # ends the job's entrypoint, which LiveKit waits for

    async def _resumed(self, named: NamedConversation) -> Resumed:
        ctx = self._ctx
        metadata = (ctx.job.metadata, ctx.room.metadata, ctx.job.room.metadata)
        return await resume(
            self._dependencies.client,
            self._dependencies.settings,
            room=ctx.room.name,
            key=named.key,
            identity=ctx.room.local_participant.identity,
            session_id=ctx.job.id,
            conversation_id=named.conversation_id,
            language=room_language(metadata, self._participants.people()),
            livekit_sid=ctx.job.room.sid or None,
            outbox_metrics=self._dependencies.outbox_metrics,
            has_room=lambda: self.election.has_room(ctx.api),
        )

    async def _tell(self, conversation_id: UUID | None) -> None:
        participant = self._ctx.room.local_participant
        told = _told(conversation_id)
        if told.items() - participant.attributes.items():
            await participant.set_attributes(told)


def _told(conversation_id: UUID | None) -> dict[str, str]:
    return {} if conversation_id is None else {CONVERSATION_ATTRIBUTE: str(conversation_id)}
