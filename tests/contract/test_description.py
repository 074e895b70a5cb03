import json
import os
import ssl
import subprocess
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests.support.backend_under_test import BackendUnderTest

SPECIFICATION_CURL = """curl -X POST {url}/api/v1/rooms \\
  -H "Content-Type: application/json" \\
  -d '{{"name": "test-room"}}'"""


@pytest.fixture
async def description(api: httpx.AsyncClient) -> dict[str, Any]:
    response = await api.get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


async def test_the_description_is_valid_openapi(description: dict[str, Any]) -> None:
    validate(description)


async def test_the_description_has_every_route_of_the_contract(
    description: dict[str, Any],
) -> None:
    described = {
        (method.upper(), path)
        for path, methods in description["paths"].items()
        for method in methods
    }

    assert described >= {
        ("POST", "/api/v1/rooms"),
        ("POST", "/api/v1/rooms/{room}/agent-joined"),
        ("POST", "/api/v1/conversations"),
        ("POST", "/api/v1/conversations/{conversation_id}/messages"),
        ("GET", "/api/v1/conversations/{conversation_id}/messages"),
        ("POST", "/api/v1/conversations/{conversation_id}/search"),
        ("POST", "/api/v1/conversations/{conversation_id}/events"),
        ("POST", "/api/v1/conversations/{conversation_id}/turns"),
        ("GET", "/api/v1/conversations/{conversation_id}/turns"),
        ("GET", "/api/v1/conversations/{conversation_id}/turns/{question_id}"),
        ("DELETE", "/api/v1/conversations/{conversation_id}"),
        ("DELETE", "/api/v1/conversations/{conversation_id}/messages/{message_id}"),
        ("DELETE", "/api/v1/conversations/{conversation_id}/participants/{identity}"),
        ("DELETE", "/api/v1/participants/{identity}"),
        ("PATCH", "/api/v1/conversations/{conversation_id}/messages/{message_id}"),
        ("GET", "/api/v1/conversations/{conversation_id}/changes"),
        ("GET", "/api/v1/conversations/{conversation_id}/export"),
        ("POST", "/api/v1/conversations/{conversation_id}/tokens"),
        ("DELETE", "/api/v1/conversations/{conversation_id}/tokens"),
        ("GET", "/api/v1/participants/{identity}/export"),
        ("POST", "/api/v1/conversations/import"),
        ("POST", "/api/v1/conversations/{conversation_id}/import"),
        ("PUT", "/api/v1/sessions/{session_id}"),
        ("GET", "/api/v1/healthz"),
        ("GET", "/api/v1/readyz"),
    }


async def test_every_route_says_what_it_is_for(description: dict[str, Any]) -> None:
    silent = [
        (method, path)
        for path, methods in description["paths"].items()
        for method, route in methods.items()
        if not (route.get("summary") and route.get("description"))
    ]

    assert silent == []


async def test_the_examples_of_the_description_are_taken_as_they_stand(
    api: httpx.AsyncClient, conversation_id: str, description: dict[str, Any]
) -> None:
    tried = 0
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            for example in _examples(route):
                filled = path.removeprefix("/api/v1").format(
                    room="a room",
                    conversation_id=conversation_id,
                    session_id="a session",
                    message_id="item_4f2b",  # of the batch that is an example, too
                )
                body = json.dumps(example).replace(
                    "0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10", str(conversation_id)
                )
                headers = {"Content-Type": "application/json"}
                response = await api.request(method, filled, content=body, headers=headers)
                assert response.is_success, (path, response.text)
                tried += 1

    assert tried >= 6


def _examples(route: dict[str, Any]) -> list[Any]:
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
    return [example["value"] for example in body.get("examples", {}).values()]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/healthz", "/api/v1/readyz"])
async def test_probes_need_no_credential(
    backend: BackendUnderTest, path: str, certificates: ssl.SSLContext
) -> None:
    async with httpx.AsyncClient(base_url=backend.url, verify=certificates) as stranger:
        assert (await stranger.get(path)).status_code == 200


def test_the_specification_s_curl_creates_a_room(backend: BackendUnderTest) -> None:
    command = SPECIFICATION_CURL.format(url=backend.url)
    for name, value in backend.headers.items():
        command += f' -H "{name}: {value}"'

    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )

    room = json.loads(done.stdout)
    assert room["name"] == "test-room"
    assert room["conversation_id"]
