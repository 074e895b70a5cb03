"""Logs and measures each request under an id that its response carries, too."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_stub.access.callers import Caller
from backend_stub.http.metrics import Metrics, known_method

REQUEST_ID = "X-Request-ID"

_WELL_FORMED_ID = re.compile(r"[0-9a-fA-F-]{8,64}")
_LOGGED_PARAMETERS = ("conversation_id", "session_id")
_QUIET = (
    ("PUT", "/workers/{agent_name}/{worker_id}"),  # by every worker about once a second
    ("GET", "/conversations/{conversation_id}/messages"),  # by every open chat every two
)

logger = logging.getLogger(__name__)


class RequestLog:
    """Outside the other middleware. Takes over the caller's request id if it is hexadecimal, which
    can hold no words.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500  # the response to an exception that passes through here

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        started_s = time.perf_counter()
        try:
            await self._app(scope, receive, sending)
        finally:
            self._record(scope, request_id, status, time.perf_counter() - started_s)

    def _record(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", None)
        self._metrics.request(method=scope["method"], route=route, status=status, seconds=seconds)
        parameters = scope.get("path_params", {})
        quiet = status < 400 and any(
            scope["method"] == method and (route or "").endswith(path) for method, path in _QUIET
        )
        level = logging.DEBUG if quiet else logging.INFO
        if not logger.isEnabledFor(level):
            return
        logger.log(
            level,
            "request",
            extra={
                "request_id": request_id,
                "method": known_method(scope["method"]),
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                **_caller(scope["state"].get("caller")),
                **{name: parameters[name] for name in _LOGGED_PARAMETERS if name in parameters},
            },
        )


def _caller(caller: Caller | None) -> dict[str, str]:
    if caller is None:
        return {}
    token = {"token_id": caller.token.jti} if caller.token else {}
    return {"key_id": caller.key_id, **token}


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex
