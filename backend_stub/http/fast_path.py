"""The short way of requests with a JSON body and path parameters, answered with a model.

FastAPI solves anew with each request what a route declares, of every kind that it knows, and reads
the body into Python's lists and dicts before it checks them. What is not valid goes that way, too:
errors are told as on every other route.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]


def fast_path(route: APIRoute, *, otherwise: Handler) -> Handler:
    """`otherwise` itself for a route that declares anything else."""
    ways = _dependencies(route.dependant)
    if ways is None or not _is_plain(route):
        return otherwise
    endpoint = _Call.of(route.dependant)
    body = _body(route.dependant)
    answer = _answer(route)

    async def handle(request: Request) -> Response:
        try:
            values = {name: await way.on(request) for name, way in ways.items()}
            if body is not None:
                name, model = body
                values[name] = model.model_validate_json(await request.body())
            arguments = endpoint.arguments(request)
        except (ValidationError, _NotValid):
            return await otherwise(request)
        return answer(await endpoint.function(**values, **arguments))

    return handle


class _NotValid(Exception):
    """A path parameter."""


@dataclass(frozen=True)
class _Call:
    """A coroutine function that takes the request, path parameters, or both."""

    function: Endpoint
    dependant: Dependant

    @classmethod
    def of(cls, dependant: Dependant) -> "_Call":
        assert dependant.call is not None  # noqa: S101  # None for routers alone
        return cls(dependant.call, dependant)

    async def on(self, request: Request) -> Any:
        return await self.function(**self.arguments(request))

    def arguments(self, request: Request) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.dependant.request_param_name:
            found[self.dependant.request_param_name] = request
        for field in self.dependant.path_params:
            value, errors = field.validate(request.path_params[field.alias], {}, loc=())
            if errors:
                raise _NotValid
            found[field.name] = value
        return found


def _dependencies(dependant: Dependant) -> Mapping[str, _Call] | None:
    """By the name of the parameter; None if one needs more than a call has."""
    named = [one for one in dependant.dependencies if not isinstance(one.call, SecurityBase)]
    if not all(one.name and _is_call(one) and not one.dependencies for one in named):
        return None
    return {one.name: _Call.of(one) for one in named if one.name}


def _is_call(dependant: Dependant) -> bool:
    return iscoroutinefunction(dependant.call) and not any(
        (
            dependant.query_params,
            dependant.header_params,
            dependant.cookie_params,
            dependant.response_param_name,
            dependant.background_tasks_param_name,
            dependant.security_scopes_param_name,
            dependant.http_connection_param_name,
            dependant.websocket_param_name,
        )
    )


def _is_plain(route: APIRoute) -> bool:
    fields = route.dependant.body_params
    return (
        _is_call(route.dependant)
        and isinstance(route.response_class, DefaultPlaceholder)
        and route.response_field is not None
        and len(fields) < 2
        and all(_is_model(field.field_info) for field in fields)
    )


def _is_model(declared: Any) -> bool:  # of FastAPI's parameters
    annotation = declared.annotation
    return (
        isinstance(annotation, type)
        and issubclass(annotation, BaseModel)
        and not declared.embed
        and declared.is_required()
    )


def _body(dependant: Dependant) -> tuple[str, type[BaseModel]] | None:
    for field in dependant.body_params:
        model: Any = field.field_info.annotation
        return field.name, model
    return None


def _answer(route: APIRoute) -> Callable[[Any], Response]:
    field = route.response_field
    assert field is not None  # noqa: S101  # a plain route has one
    status = route.status_code or 200

    def answer(value: Any) -> Response:
        if isinstance(value, Response):
            return value
        return Response(field.serialize_json(value), status, media_type="application/json")

    return answer
