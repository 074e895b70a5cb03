"""Sending what httpx would refuse to send, and reading the problem that comes back."""

import json
from typing import Any

import httpx

from retrieval.wire import Problem

SECRET = "hunter2"
LONG = "x" * 300
JSON = {"Content-Type": "application/json"}


def refused(response: httpx.Response, status: int) -> Problem:
    """The problem in a response of that status, which must not repeat the input."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    problem = Problem.model_validate(response.json())
    assert problem.status == status
    assert problem.title
    assert problem.detail
    assert SECRET not in response.text
    return problem


async def post(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    # Not httpx's own encoder: it refuses the NaN and the lone surrogates that we mean to send.
    return await api.post(path, content=json.dumps(body), headers=JSON)
