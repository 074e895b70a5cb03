"""Keys made by the command, at every route of a real backend."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from testbed.backend_process import BackendProcess
from testbed.postgres import Server, create_database, drop_database
from tests.support.command_line import CommandLine
from tests.support.refusals import refused

SERVICE_KEY = "a key for the tests"
API = "/api/v1"
UNGUARDED = {f"{API}/healthz", f"{API}/readyz", f"{API}/metrics"}
SCOPES = {
    ("POST", "/rooms"): {"agent", "backfill"},
    ("POST", "/rooms/{room}/agent-joined"): {"agent"},
    ("POST", "/conversations"): {"agent", "backfill"},
    ("POST", "/conversations/{conversation_id}/messages"): {"agent", "backfill"},
    ("GET", "/conversations/{conversation_id}/messages"): {"agent", "search", "operator"},
    ("GET", "/conversations/{conversation_id}/export"): {"agent", "search", "operator"},
    ("GET", "/participants/{identity}/export"): {"operator"},
    ("POST", "/conversations/import"): {"agent", "backfill", "operator"},
    ("POST", "/conversations/{conversation_id}/import"): {"agent", "backfill", "operator"},
    ("GET", "/conversations/{conversation_id}/changes"): {"agent", "search", "operator"},
    ("PATCH", "/conversations/{conversation_id}/messages/{message_id}"): {"agent", "operator"},
    ("GET", "/conversations/{conversation_id}/messages/{message_id}/edits"): {
        "agent",
        "search",
        "operator",
    },
    ("DELETE", "/conversations/{conversation_id}/messages/{message_id}"): {"operator"},
    ("DELETE", "/conversations/{conversation_id}/participants/{identity}"): {"operator"},
    ("DELETE", "/participants/{identity}"): {"operator"},
    ("DELETE", "/conversations/{conversation_id}"): {"operator"},
    ("POST", "/conversations/{conversation_id}/search"): {"agent", "search", "operator"},
    ("POST", "/conversations/{conversation_id}/events"): {"agent"},
    ("GET", "/conversations/{conversation_id}/events"): {"agent"},
    ("POST", "/conversations/{conversation_id}/tokens"): {"agent"},
    ("DELETE", "/conversations/{conversation_id}/tokens"): {"agent"},
    ("PUT", "/sessions/{session_id}"): {"agent"},
    ("GET", "/rooms"): {"operator"},
    ("GET", "/conversations"): {"operator"},
    ("GET", "/conversations/{conversation_id}"): {"operator"},
    ("GET", "/conversations/{conversation_id}/timeline"): {"operator"},
    ("GET", "/conversations/{conversation_id}/sessions"): {"operator"},
    ("GET", "/conversations/{conversation_id}/coverage"): {"operator"},
    ("GET", "/status"): {"operator"},
    ("POST", "/conversations/{conversation_id}/turns"): {"agent"},
    ("GET", "/conversations/{conversation_id}/turns"): {"operator"},
    ("GET", "/conversations/{conversation_id}/turns/{question_id}"): {"operator"},
    ("POST", "/rooms/{room}/invitations"): {"agent"},
    ("GET", "/rooms/{room}/invitations"): {"agent"},
    ("DELETE", "/rooms/{room}/invitations/{invitation_id}"): {"agent"},
    ("PUT", "/workers/{agent_name}/{worker_id}"): {"agent"},
}
"""Of every route, besides admin."""


@dataclass(frozen=True)
class Guarded:
    process: BackendProcess
    url: str
    command: CommandLine
    keys: dict[str, str]

    def create(self, name: str, *arguments: str) -> str:
        done = self.command.run("keys", "create", name, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def guarded(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A backend that asks for keys, and one key of each scope."""
    name = asyncio.run(create_database(postgres))
    url = postgres.database_url(name)
    folder: Path = tmp_path_factory.mktemp("keys")
    command = CommandLine(folder, {"DATABASE_URL": url})
    env = {"DATABASE_URL": url, "BACKEND_SERVICE_KEY": SERVICE_KEY}
    with BackendProcess(env, forked=True) as process:
        found = Guarded(process, process.url(), command, {})
        for scope in ("agent", "search", "backfill", "operator", "admin"):
            found.keys[scope] = found.create(f"one for {scope}", "--scope", scope)
        yield found
        process.stop()
    asyncio.run(drop_database(postgres.url, name))


@pytest.fixture
def api(guarded: Guarded) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=guarded.url + API, timeout=30) as client:
        yield client


def as_caller(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def ask(api: httpx.Client, method: str, path: str, key: str | None) -> httpx.Response:
    """Of what does not exist, and with a body that is none: only the guard may say 401 or 403."""
    filled = path.format(
        room="r",
        conversation_id=uuid4(),
        session_id="s",
        agent_name="a",
        worker_id="w",
        identity="i",
        message_id="m",
        question_id="m",
        invitation_id="i",
    )
    headers = as_caller(key) if key is not None else {}
    return api.request(method, filled, headers=headers)


def test_every_route_of_the_api_is_in_the_table_of_scopes(api: httpx.Client) -> None:
    described: dict[str, Any] = api.get("/openapi.json").json()
    routes = {
        (method.upper(), path.removeprefix(API))
        for path, methods in described["paths"].items()
        if path not in UNGUARDED
        for method in methods
    }

    assert routes == set(SCOPES)


@pytest.mark.parametrize(("method", "path"), SCOPES)
@pytest.mark.parametrize("scope", ["agent", "search", "backfill", "operator", "admin"])
def test_a_key_opens_the_routes_of_its_scope_and_no_other(
    guarded: Guarded, api: httpx.Client, method: str, path: str, scope: str
) -> None:
    response = ask(api, method, path, guarded.keys[scope])

    if scope in SCOPES[method, path] | {"admin"}:
        assert response.status_code not in (401, 403, 500), response.text
        return
    problem = refused(response, 403)
    assert all(needed in problem.detail for needed in SCOPES[method, path])
    assert guarded.keys[scope] not in response.text


@pytest.mark.parametrize(("method", "path"), SCOPES)
def test_nobody_passes_without_a_valid_key(
    guarded: Guarded, api: httpx.Client, method: str, path: str
) -> None:
    admin = guarded.keys["admin"]
    wrong = (None, "wrong", "lr_", admin[:-1], admin + "0", admin.replace("lr_", "lr_0", 1))
    for key in wrong:
        response = ask(api, method, path, key)
        refused(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), SCOPES)
def test_the_service_key_opens_every_route(api: httpx.Client, method: str, path: str) -> None:
    assert ask(api, method, path, SERVICE_KEY).status_code not in (401, 403, 500)


def test_a_key_for_backfills_gets_no_token_to_join_a_room(
    guarded: Guarded, api: httpx.Client
) -> None:
    headers = as_caller(guarded.keys["backfill"])

    assert api.post("/rooms", json={"name": "imported"}, headers=headers).status_code == 201
    joining = api.post("/rooms", json={"name": "imported", "identity": "ada"}, headers=headers)

    assert "agent" in refused(joining, 403).detail


def test_a_key_for_backfills_imports_twice(guarded: Guarded, tmp_path: Path) -> None:
    line = {"participant": "ada", "role": "user", "content": "hi"}
    path = tmp_path / "room.jsonl"
    path.write_text(json.dumps(line | {"created_at": "2026-03-01T12:00:00Z"}))
    env = {"BACKEND_URL": guarded.url, "BACKEND_SERVICE_KEY": guarded.keys["backfill"]}
    command = CommandLine(tmp_path, env)

    runs = [command.run("import", str(path), "--room", "imported twice") for _ in range(2)]

    assert [run.returncode for run in runs] == [0, 0], runs[-1].stderr
    assert "1 were already there" in runs[1].stdout


def test_keys_are_rotated_listed_and_revoked(guarded: Guarded, api: httpx.Client) -> None:
    old = guarded.create("rotated", "--scope", "search", "--expires-in", "90d")
    new = guarded.command.run("keys", "rotate", "rotated").stdout.strip()
    path = "/conversations/{conversation_id}/messages"
    for key in (old, new):
        while ask(api, "GET", path, key).status_code != 404:
            pass  # a new key is taken when the backend has read the keys again
    assert guarded.command.run("keys", "rotate", "rotated").returncode == 1

    listed = guarded.command.run("keys", "list", "--json").stdout
    found = [key for key in json.loads(listed) if key["name"] == "rotated"]
    assert [key["state"] for key in found] == ["valid", "valid"]
    assert found[0]["expires_at"]
    assert found[1]["expires_at"] is None
    assert not any(key.rpartition("_")[2] in listed for key in (old, new))

    assert guarded.command.run("keys", "revoke", old.split("_")[1]).returncode == 0
    while ask(api, "GET", path, old).status_code != 401:
        pass
    assert ask(api, "GET", path, new).status_code == 404
    assert guarded.command.run("keys", "revoke", "unknown").returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scope", "root"),
        ("--scope", "agent", "--expires-in", "soon"),
        ("--scope", "agent", "--expires-in", "0d"),
        (),
    ],
)
def test_a_key_that_cannot_be_is_not_made(guarded: Guarded, arguments: tuple[str, ...]) -> None:
    done = guarded.command.run("keys", "create", "x", *arguments)

    assert done.returncode == 2
    assert done.stdout == ""


def test_no_key_is_in_the_log(guarded: Guarded, api: httpx.Client) -> None:
    for key in guarded.keys.values():
        ask(api, "POST", "/rooms", key)
        ask(api, "POST", "/rooms", key[:-1])

    log = guarded.process.log()

    assert "/rooms" in log
    for key in (*guarded.keys.values(), SERVICE_KEY):
        assert key not in log
        assert key.rpartition("_")[2][:16] not in log


def test_keys_can_be_demanded_without_a_service_key(guarded: Guarded) -> None:
    env = {"DATABASE_URL": guarded.command.env["DATABASE_URL"], "BACKEND_KEYS_REQUIRED": "true"}
    with (
        BackendProcess(env, forked=True) as process,
        httpx.Client(base_url=process.url() + API, timeout=30) as api,
    ):
        refused(ask(api, "POST", "/rooms", None), 401)
        refused(ask(api, "POST", "/rooms", SERVICE_KEY), 401)
        assert ask(api, "POST", "/rooms", guarded.keys["admin"]).status_code == 415
        process.stop()


@pytest.mark.parametrize(
    ("setting", "stranger", "caller"), [("key", 401, 200), ("off", 404, 404), ("open", 200, 200)]
)
def test_figures_and_description_are_shown_as_the_settings_say(
    guarded: Guarded, setting: str, stranger: int, caller: int
) -> None:
    env = {
        "DATABASE_URL": guarded.command.env["DATABASE_URL"],
        "BACKEND_SERVICE_KEY": SERVICE_KEY,
        "BACKEND_METRICS": setting,
        "BACKEND_DOCS": setting,
    }
    with (
        BackendProcess(env, forked=True) as process,
        httpx.Client(base_url=process.url(), timeout=30) as api,
    ):
        for path in ("/metrics", f"{API}/metrics", f"{API}/docs", f"{API}/openapi.json"):
            assert api.get(path).status_code == stranger, path
            for key in (guarded.keys["search"], SERVICE_KEY):
                assert api.get(path, headers=as_caller(key)).status_code == caller, path
        assert api.get("/healthz").status_code == 200
        process.stop()


def test_the_published_secret_does_not_serve_a_network(guarded: Guarded) -> None:
    env = {
        "DATABASE_URL": guarded.command.env["DATABASE_URL"],
        "BACKEND_SERVICE_KEY": SERVICE_KEY,
        "BACKEND_HOST": "0.0.0.0",  # noqa: S104  # refused
        "LIVEKIT_URL": "ws://127.0.0.1:7880",
        "LIVEKIT_API_KEY": "devkey",
        "LIVEKIT_API_SECRET": "for-development-only-replace-this-secret",
    }
    with BackendProcess(env, forked=True) as process:
        process.process.wait(60)

        assert "LIVEKIT_API_SECRET" in process.log()
        assert process.process.poll() != 0
