"""Erasing messages, participants and conversations."""

import asyncio
from collections.abc import Awaitable, Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import InConversation, guarded_router
from backend_stub.resources import AppResources, Resources
from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.everywhere import erase_everywhere
from retrieval.changes.erasure.ledger_lines import lines_of
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.store.changes import told_rooms
from retrieval.wire import Changed, ConversationId, ErasureReceipt, GivenId, Name

router = guarded_router("erasures")

WORK_S = 8.0
"""Of one request; what is left then is erased by the next one."""

DryRun = Annotated[bool, Query(description="only count what would be erased")]
MessageIdInPath = Annotated[GivenId, Path(description="the message's id, URL-encoded")]
Identity = Annotated[Name, Path(description="the participant's identity, URL-encoded")]

_RESPONSES = problem_responses(404, 410) | {
    202: {"model": ErasureReceipt, "description": "Begun; the same request erases the rest"}
}


@router.delete(
    "/conversations/{conversation_id}/messages/{message_id:path}",
    summary="Erase a message",
    responses=_RESPONSES,
    openapi_extra=needs("erase"),
)
async def erase_one_message(
    conversation_id: InConversation,
    message_id: MessageIdInPath,
    resources: AppResources,
    response: Response,
    dry_run: DryRun = False,
) -> ErasureReceipt:
    """With its words, vectors and metadata, what events tell of it, and what its neighbours'
    vectors had of it. Its seq stays a gap. Who sends it again gets 410 of the type
    `urn:longroom:erased`. Answers that repeat what it said are messages of their own.

    Repeated, the receipt is that of the first time.
    """
    work = erase_message(
        resources.pools.background,
        conversation_id=conversation_id,
        message_id=message_id,
        dry_run=dry_run,
    )
    return await _erased(resources, response, work)


@router.delete(
    "/conversations/{conversation_id}/participants/{identity:path}",
    summary="Erase what a participant said in a conversation",
    responses=_RESPONSES,
    openapi_extra=needs("erase"),
)
async def erase_participant_here(
    conversation_id: InConversation,
    identity: Identity,
    resources: AppResources,
    response: Response,
    dry_run: DryRun = False,
) -> ErasureReceipt:
    """All messages and events up to now, names and places in sessions. What they said before and
    arrives later is refused with 410; what they say from now on is taken.
    """
    work = erase_participant(
        resources.pools.background,
        conversation_id=conversation_id,
        identity=identity,
        dry_run=dry_run,
        deadline=_deadline(),
    )
    return await _erased(resources, response, work)


@router.delete(
    "/participants/{identity:path}",
    summary="Erase what a participant said in all conversations",
    responses=_RESPONSES,
    openapi_extra=needs("erase"),
)
async def erase_participant_everywhere(
    identity: Identity, resources: AppResources, response: Response, dry_run: DryRun = False
) -> ErasureReceipt:
    """As in one conversation, also for those that they said something in and that has not arrived
    yet.
    """
    work = erase_everywhere(
        resources.pools.background, identity=identity, dry_run=dry_run, deadline=_deadline()
    )
    return await _erased(resources, response, work)


@router.delete(
    "/conversations/{conversation_id}",
    summary="Erase a conversation",
    responses=_RESPONSES,
    openapi_extra=needs("erase"),
)
async def erase_whole_conversation(
    conversation_id: InConversation,
    resources: AppResources,
    response: Response,
    dry_run: DryRun = False,
) -> ErasureReceipt:
    """Every other route on it answers 410 of the type `urn:longroom:erased` from then on. Its rooms
    and its key get another conversation when they are used again.

    Repeated, the receipt is the same.
    """
    revision, rooms = await told_rooms(resources.pools.others.of(conversation_id), conversation_id)
    work = erase_conversation(
        resources.pools.background,
        conversation_id=conversation_id,
        dry_run=dry_run,
        deadline=_deadline(),
    )
    receipt = await _recorded(resources, response, work)
    if rooms and not dry_run:
        await _announce(resources, conversation_id, revision + 1, rooms)
    return receipt


def _deadline() -> float:
    return asyncio.get_running_loop().time() + WORK_S


async def _erased(
    resources: Resources, response: Response, work: Awaitable[ErasureReceipt]
) -> ErasureReceipt:
    """Recorded, and told to the rooms."""
    receipt = await _recorded(resources, response, work)
    if not receipt.dry_run:
        for conversation_id in receipt.conversations:
            await announce_change(resources, conversation_id)
    return receipt


async def _recorded(
    resources: Resources, response: Response, work: Awaitable[ErasureReceipt]
) -> ErasureReceipt:
    receipt = await work
    if receipt.dry_run:
        return receipt
    if not receipt.complete:
        response.status_code = HTTPStatus.ACCEPTED
    if resources.erasure_ledger is not None:
        lines = await lines_of(resources.pools.background, receipt.erasure_id)
        await resources.erasure_ledger.append(lines)
    _forget(resources, receipt)
    resources.vacuuming.erased()
    return receipt


def _forget(resources: Resources, receipt: ErasureReceipt) -> None:
    """In this process; the others' sweeps follow."""
    resources.embedder.forget()
    if resources.rooms is not None:
        for conversation_id in receipt.conversations:
            resources.rooms.forget(ConversationId(conversation_id))


async def announce_change(resources: Resources, conversation_id: UUID) -> None:
    """To the rooms of the conversation, if there is a LiveKit server."""
    if resources.livekit is None:
        return
    revision, rooms = await told_rooms(resources.pools.others.of(conversation_id), conversation_id)
    await _announce(resources, conversation_id, revision, rooms)


async def _announce(
    resources: Resources, conversation_id: UUID, revision: int, rooms: Sequence[str]
) -> None:
    if resources.livekit is not None and rooms:
        changed = Changed(conversation_id=conversation_id, revision=revision)
        await resources.livekit.announce(rooms, changed)
