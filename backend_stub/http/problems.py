"""Every error as application/problem+json (RFC 9457): what is wrong, where, and the remedy."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from backend_stub.http.field_errors import field_errors
from retrieval.database.outage import DATABASE_AWAY
from retrieval.errors import (
    ConversationNotFound,
    LanguageUnknown,
    MessageConflict,
    MessageNotFound,
    MessagesErased,
    RoomMoved,
    StaleEpoch,
    TurnNotFound,
)
from retrieval.store.tombstones import is_erased
from retrieval.wire import ERASED, ROOM_MOVED, STALE_EPOCH, FieldError, Problem

MAX_LISTED_ERRORS = 20
RETRY_AFTER_S = "1"

logger = logging.getLogger(__name__)


class ProblemResponse(Response):
    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "about:blank",
        errors: Sequence[FieldError] = (),
        ids: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        problem = Problem(
            type=kind,
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            errors=list(errors),
            ids=list(ids),
        )
        super().__init__(problem.model_dump_json(), status_code=status, headers=headers)


def install_problems(app: FastAPI) -> None:
    """Errors of routes and of routing, such as an unknown path."""
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ConversationNotFound, _not_found)
    app.add_exception_handler(MessageNotFound, _not_in_it)
    app.add_exception_handler(TurnNotFound, _not_in_it)
    app.add_exception_handler(MessagesErased, _messages_erased)
    app.add_exception_handler(MessageConflict, _conflict)
    app.add_exception_handler(StaleEpoch, _stale_epoch)
    app.add_exception_handler(RoomMoved, _room_moved)
    app.add_exception_handler(LanguageUnknown, _language_unknown)
    for error in DATABASE_AWAY:
        app.add_exception_handler(error, _database_away)
    app.add_exception_handler(Exception, _internal)


def unavailable(detail: str) -> ProblemResponse:
    """503 with Retry-After."""
    return ProblemResponse(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": RETRY_AFTER_S}
    )


async def _invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this class
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return ProblemResponse(
            HTTPStatus.BAD_REQUEST, "the body is not valid JSON", errors=field_errors(found)
        )
    listed = field_errors(found[:MAX_LISTED_ERRORS])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return ProblemResponse(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{listed[0].field} {listed[0].message}{more}",
        errors=listed,
    )


_DETAILS = {
    HTTPStatus.BAD_REQUEST: "the body is not UTF-8, is nested too deeply, or has too long a number",
    HTTPStatus.NOT_FOUND: "there is no such path; /api/v1/openapi.json lists them",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take that method; see the Allow header",
}


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    return ProblemResponse(status, _DETAILS.get(status, error.detail), headers=headers)


def _allowed(request: Request) -> str:
    # Starlette lists only the methods of the first route of this path.
    return ", ".join(
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    )


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConversationNotFound)  # noqa: S101  # registered for this class
    try:
        erased = await is_erased(
            request.app.state.resources.pools.others.of(error.conversation_id),
            error.conversation_id,
        )
    except DATABASE_AWAY as away:
        return await _database_away(request, away)
    if erased:
        return ProblemResponse(HTTPStatus.GONE, "the conversation was erased", kind=ERASED)
    return ProblemResponse(HTTPStatus.NOT_FOUND, str(error))


async def _not_in_it(_: Request, error: Exception) -> Response:
    return ProblemResponse(HTTPStatus.NOT_FOUND, str(error))


async def _messages_erased(_: Request, error: Exception) -> Response:
    assert isinstance(error, MessagesErased)  # noqa: S101  # registered for this class
    return ProblemResponse(
        HTTPStatus.GONE,
        "messages were erased, themselves or with who said them; leave them out, and send the rest",
        kind=ERASED,
        ids=error.message_ids,
    )


async def _conflict(_: Request, error: Exception) -> Response:
    assert isinstance(error, MessageConflict)  # noqa: S101  # registered for this class
    return ProblemResponse(
        HTTPStatus.CONFLICT,
        "message ids are already taken by other content; nothing of this batch was stored",
        ids=error.message_ids,
    )


async def _stale_epoch(_: Request, error: Exception) -> Response:
    return ProblemResponse(HTTPStatus.CONFLICT, str(error), kind=STALE_EPOCH)


async def _room_moved(_: Request, error: Exception) -> Response:
    return ProblemResponse(HTTPStatus.CONFLICT, str(error), kind=ROOM_MOVED)


async def _language_unknown(_: Request, error: Exception) -> Response:
    detail = str(error)
    return ProblemResponse(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        detail,
        errors=[FieldError(field="language", message=detail)],
    )


async def _database_away(request: Request, error: Exception) -> Response:
    logger.warning(
        "database did not answer",
        extra={"error": type(error).__name__, "request_id": request.state.request_id},
    )
    return unavailable("the database did not answer in time; try again")


async def _internal(request: Request, _: Exception) -> Response:
    # Starlette raises the error again after this response, and uvicorn logs it with its stack.
    request_id = request.state.request_id
    return ProblemResponse(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"an error inside the backend; its log has more under request id {request_id}",
        headers={"X-Request-ID": request_id},
    )
