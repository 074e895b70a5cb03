"""The OpenAPI description, with problems under their media type."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from retrieval.wire import Problem

PROBLEM_JSON = "application/problem+json"


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses
    }


def describe_problems(app: FastAPI) -> None:
    """Correct the media type: FastAPI describes every response as plain JSON."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        generated = app.openapi_schema is not None
        description = generate()
        if not generated:
            for methods in description["paths"].values():
                for route in methods.values():
                    _correct(route["responses"])
        return description

    # FastAPI documents this assignment as its way to extend the description.
    app.openapi = openapi  # type: ignore[method-assign]


def _correct(responses: dict[str, dict[str, Any]]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= HTTPStatus.BAD_REQUEST and "application/json" in content:
            content[PROBLEM_JSON] = content.pop("application/json")
