"""Routes that check the credential and the content type; path parameters that several share."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from backend_stub.access.caller_limits import admit, count_received
from backend_stub.access.callers import Caller
from backend_stub.access.permissions import EXTENSION, UNLIMITED, Permission, demand
from backend_stub.http.body_values import MAX_VALUES, has_too_many_values
from backend_stub.http.fast_path import fast_path
from backend_stub.http.limits import BatchLimit
from backend_stub.http.openapi import problem_responses
from retrieval.wire import ConversationId


class GuardedRoute(APIRoute):
    """Checks the credential and the content type before a byte of the body is read.

    Every one says what it `needs`; KeyError, at its definition, for one that does not.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = fast_path(self, otherwise=super().get_route_handler())
        takes_body = self.body_field is not None
        permission: Permission = (self.openapi_extra or {})[EXTENSION]
        limited = not (self.openapi_extra or {}).get(UNLIMITED, False)

        async def guarded(request: Request) -> Response:
            state = request.app.state
            caller = await state.callers.identify(request.headers, state.resources.keyring)
            request.state.caller = caller
            caller.check_conversation(request.path_params.get("conversation_id"))
            demand(permission, caller.permissions)
            shares = state.limits.shares(caller, request.path_params) if limited else ()
            request.state.shares = shares
            admit(shares)
            if takes_body:
                _check_content_type(request)
                body = await _body(request)
                count_received(shares, len(body))
                _check_values(body)
            return await handle(request)

        return guarded


def _check_content_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON, with 'Content-Type: application/json'"
        )


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body did not arrive") from error


def _check_values(body: bytes) -> None:
    if has_too_many_values(body):
        raise HTTPException(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body has more than {MAX_VALUES} values; send fewer items at a time",
        )


def guarded_router(tag: str) -> APIRouter:
    return APIRouter(
        route_class=GuardedRoute,
        tags=[tag],
        # For OpenAPI only: GuardedRoute checks, and earlier.
        dependencies=[
            Security(
                HTTPBearer(
                    auto_error=False,
                    description="a key, the service key, or a token of the path's conversation",
                )
            )
        ],
        responses=problem_responses(401, 403, 404, 410, 422, 429, 503),
    )


async def _conversation_id(
    conversation_id: Annotated[UUID, Path(description="the conversation's id, from its room")],
) -> ConversationId:
    return ConversationId(conversation_id)


InConversation = Annotated[ConversationId, Depends(_conversation_id)]


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


CurrentCaller = Annotated[Caller, Depends(_caller)]
"""For what a route grants beyond the permission that it needs."""


async def _batch_limit(request: Request) -> BatchLimit:
    limit: BatchLimit = request.app.state.batch_limit
    return limit


CurrentBatchLimit = Annotated[BatchLimit, Depends(_batch_limit)]
