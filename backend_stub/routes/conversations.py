"""Conversations under a key of the caller's choice."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body, Response

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import guarded_router
from backend_stub.resources import AppResources
from retrieval.store import conversations
from retrieval.wire import CreateConversation, KeyedConversation

router = guarded_router("conversations")


@router.post(
    "/conversations",
    summary="Create the conversation of a key, or get it",
    response_description="The key has a conversation",
    responses=problem_responses(400, 413, 415)
    | {201: {"model": KeyedConversation, "description": "The conversation is new"}},
    openapi_extra=needs("rooms"),
)
async def create_conversation(
    request: Annotated[
        CreateConversation,
        Body(
            openapi_examples={
                "customer": {"value": {"key": "customer-4711"}},
                "phone number": {"value": {"key": "+49 30 901820"}},
                "ticket in German": {"value": {"key": "ticket-17", "language": "de"}},
            }
        ),
    ],
    resources: AppResources,
    response: Response,
) -> KeyedConversation:
    """Repeating the request changes nothing. Any number of rooms may share the conversation, in
    turn or at once: name the key where rooms are opened, or in what their agents are told.

    Keys are a namespace of their own: a room of the same name has nothing to do with it. They are
    compared letter by letter.
    """
    conversation_id, created = await conversations.create_conversation(
        resources.pools.writes.of_names(key=request.key),
        key=request.key,
        language=request.language or resources.room_language,
    )
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return KeyedConversation(conversation_id=conversation_id, key=request.key, created=created)
