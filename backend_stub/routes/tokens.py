"""Tokens of a conversation: made for one person, and revoked together."""

import logging
from http import HTTPStatus
from typing import Annotated

from fastapi import Body
from fastapi import Request as HttpRequest
from starlette.exceptions import HTTPException

from backend_stub.access.callers import Callers
from backend_stub.access.permissions import needs
from backend_stub.access.tokens import TokenRefused, TokenSigner
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import CurrentCaller, InConversation, guarded_router
from backend_stub.resources import AppResources
from retrieval.store import token_revocations
from retrieval.wire import ConversationToken, CreateToken

router = guarded_router("tokens")

logger = logging.getLogger(__name__)

_EXAMPLES = {
    "a page that reads and searches": {"value": {"subject": "ada"}},
    "a page where she writes, too": {
        "value": {
            "subject": "ada",
            "permissions": ["read", "search", "append"],
            "expires_in_s": 900,
        }
    },
}


@router.post(
    "/conversations/{conversation_id}/tokens",
    summary="Make a token that opens this conversation for a while",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(400, 404, 409, 413, 415),
    openapi_extra=needs("tokens"),
)
async def create_token(
    conversation_id: InConversation,
    wanted: Annotated[CreateToken, Body(openapi_examples=_EXAMPLES)],
    resources: AppResources,
    caller: CurrentCaller,
    request: HttpRequest,
) -> ConversationToken:
    """For a browser, or a server that must not hold a key. It opens the routes of this conversation
    that need one of its permissions, and nothing else; it makes no tokens.

    With `append` it appends messages of the role `user` alone, whose participant is its subject,
    without an epoch, and with its `room` if it has one.

    A token ends with its time, with the key that made it, and with DELETE of this path. 409 if the
    backend has no BACKEND_TOKEN_SECRET.
    """
    signer: TokenSigner = request.app.state.token_signer
    callers: Callers = request.app.state.callers
    now = await token_revocations.issuing_time(
        resources.pools.others.of(conversation_id), conversation_id
    )
    try:
        token = signer.issue(
            wanted, conversation_id=conversation_id, key=callers.issuer(caller), now=now
        )
    except TokenRefused as refused:
        raise HTTPException(HTTPStatus.CONFLICT, str(refused)) from None
    logger.info(
        "token issued",
        extra={
            "token_id": token.token_id,
            "conversation_id": str(conversation_id),
            "key_id": caller.key_id,
        },
    )
    return token


@router.delete(
    "/conversations/{conversation_id}/tokens",
    summary="Refuse every token of this conversation that was made up to now",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(404),
    openapi_extra=needs("tokens"),
)
async def revoke_tokens(conversation_id: InConversation, resources: AppResources) -> None:
    """This backend refuses them at once, others of the same database within 5 seconds."""
    await token_revocations.revoke_tokens(
        resources.pools.writes.of(conversation_id), conversation_id
    )
    resources.keyring.read_again()
