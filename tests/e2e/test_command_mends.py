"""Whatever a command meets, it ends with one line: what is wrong, where, and the mend."""

import asyncio
import secrets
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer

from longroom.cli import app
from retrieval.database.connection import open_connection
from testbed.backend_process import running_backend
from testbed.postgres import Server, as_user
from tests.support.command_line import CommandLine

MESSAGE = (
    '{"participant": "hal", "role": "user", "created_at": "2025-01-01T00:00:00Z", "content": "Hi"}'
)
QUESTION = (
    '{"kind": "message", "conversation": "den", "id": "1", "participant": "hal", "role": "user",'
    ' "created_at": "2025-01-01T00:00:00Z", "content": "The key is blue"}\n'
    '{"kind": "question", "conversation": "den", "text": "The key?", "evidence": ["1"]}'
)
FILES = {"import": MESSAGE, "evaluate": QUESTION}
# Beside what is required of each: `_words` gives it a room, an id and a file.
MORE = {
    "backend": ["--port", "0"],
    "evaluate": ["--format", "jsonl"],
    "keys create": ["--scope", "admin"],
}
ELSEWHERE = {
    "completion": "opens nothing",
    "dead-letters list": "reads outboxes alone",
    "dead-letters resend": "opens nothing without a dead letter",
    "dead-letters show": "reads outboxes alone",
    "doctor": "goes on; a test below",
    "mcp": "waits for its host",
    "run": "waits for rooms",
    "worker": "waits for rooms; a test below",
}
RULES = '[{"rooms": "*", "messages_days": 90}]'
CLOSED = "postgresql://me:hidden@127.0.0.1:1/rooms"
KEY = "the-right-key-of-this-backend"


def _leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for each, inner in getattr(command, "commands", {}).items():
        yield from _leaves(inner, f"{name} {each}".strip())
    if not hasattr(command, "commands"):
        yield name, command


COMMANDS = {
    name: command for name, command in _leaves(typer.main.get_command(app)) if name not in ELSEWHERE
}


def _parameters(name: str) -> dict[str, Any]:
    return {each.name: each for each in COMMANDS[name].params}


ON_BACKEND = [name for name in COMMANDS if "backend" in _parameters(name)]
ON_DATABASE = [name for name in COMMANDS if name not in ON_BACKEND]
OF_FILES = [name for name in COMMANDS if "file" in _parameters(name)]


def _words(name: str, file: Path) -> list[str]:
    words = name.split()
    for each in COMMANDS[name].params:
        if each.param_type_name == "argument" and each.required:
            words.append(str(file) if each.name == "file" else "x")
        elif each.name == "room":
            words += ["--room", "x"]
        elif each.name == "yes":
            words.append("--yes")
    return [*words, *MORE.get(name, [])]


def _run(name: str, folder: Path, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    file = folder / "file.jsonl"
    file.write_text(FILES.get(name, ""))
    command_line = CommandLine(folder / "data", {"BACKEND_RETENTION": RULES, **env})
    return command_line.run(*_words(name, file))


def _refused(
    done: "subprocess.CompletedProcess[str]", *said: str, exit_code: int, unsaid: str
) -> None:
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.returncode == exit_code, done.stderr
    assert done.stderr.startswith("longroom: ")
    assert done.stderr.count("longroom: ") == 1
    for words in said:
        assert words in done.stderr
    assert unsaid not in done.stderr


def test_the_table_has_the_commands_that_open_something() -> None:
    assert {"migrate", "evaluate", "keys create", "erasures scrub"} <= {*ON_DATABASE}
    assert {"chat", "import", "export", "erase message"} <= {*ON_BACKEND}
    assert {"import", "evaluate", "erasures replay"} == {*OF_FILES}


@pytest.fixture(scope="module")
def weak(postgres: Server, database: str) -> Iterator[str]:
    """The address with a login that may connect, and nothing else."""
    name = f"longroom_test_{secrets.token_hex(6)}"
    asyncio.run(_execute(postgres.url, f"create role {name} login password 'hidden'"))
    yield as_user(database, f"{name}:hidden")
    asyncio.run(_execute(postgres.url, f"drop role {name}"))


async def _execute(url: str, statement: str) -> None:
    connection = await open_connection(url)
    await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="module")
def backend_url(database: str) -> Iterator[str]:
    env = {"DATABASE_URL": database, "BACKEND_SERVICE_KEY": KEY}
    with running_backend(env, "--no-embedding-worker", forked=True) as url:
        yield url


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1]


def _login(url: str) -> str:
    return str(urlsplit(url).username)


@pytest.mark.parametrize("name", ON_DATABASE)
def test_a_login_that_may_only_connect(name: str, weak: str, tmp_path: Path) -> None:
    done = _run(name, tmp_path, {"DATABASE_URL": weak})

    _refused(done, f"the database login {_login(weak)} may not", exit_code=1, unsaid="hidden")
    mends = ("set DATABASE_OWNER_URL to", f"to {_login(weak)}", "alter role")
    assert any(mend in done.stderr for mend in mends), done.stderr


@pytest.mark.parametrize("words", [("migrate", "--status"), ("backfill", "--dry-run")])
def test_a_login_that_may_only_connect_cannot_look_either(
    words: tuple[str, ...], weak: str, tmp_path: Path
) -> None:
    done = CommandLine(tmp_path, {"DATABASE_URL": weak}).run(*words)

    _refused(
        done,
        f"grant longroom_{'app' if 'migrate' in words else 'background'} to",
        exit_code=1,
        unsaid="hidden",
    )


def test_a_login_of_requests_exports_no_empty_ledger(login: str, tmp_path: Path) -> None:
    done = CommandLine(tmp_path, {"DATABASE_URL": login}).run("erasures", "export")

    _refused(
        done,
        "may not read the tables as a whole",
        "DATABASE_OWNER_URL",
        exit_code=1,
        unsaid="lines",
    )


def test_a_backend_that_a_command_starts_tells_of_a_weak_login(weak: str, tmp_path: Path) -> None:
    done = _run("chat", tmp_path, {"DATABASE_URL": weak})

    _refused(
        done,
        "the backend ended: ",
        f"grant longroom_app to {_login(weak)}",
        exit_code=1,
        unsaid="hidden",
    )


@pytest.mark.parametrize("name", ON_DATABASE)
def test_a_database_that_is_down(name: str, closed_port: int, tmp_path: Path) -> None:
    url = f"postgresql://me:hidden@127.0.0.1:{closed_port}/rooms"
    done = _run(name, tmp_path, {"DATABASE_URL": url})

    told = f"postgresql://me@127.0.0.1:{closed_port}/rooms of DATABASE_URL: Connection refused"
    _refused(
        done, told, "start the database, or correct DATABASE_URL", exit_code=2, unsaid="hidden"
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("DATABASE_URL", 'database "nowhere" does not exist; create that database, or correct'),
        ("DATABASE_OWNER_URL", "correct DATABASE_OWNER_URL"),
    ],
)
def test_the_address_that_is_wrong_is_named(
    address: str, said: str, database: str, tmp_path: Path
) -> None:
    wrong = urlsplit(database)._replace(path="/nowhere").geturl()
    done = CommandLine(tmp_path, {"DATABASE_URL": database, address: wrong}).run("keys", "list")

    _refused(done, said, f"of {address}", exit_code=2, unsaid="Traceback")


@pytest.mark.parametrize("name", ON_BACKEND)
@pytest.mark.parametrize(
    ("key", "said"), [({"BACKEND_SERVICE_KEY": "wrong-key"}, "does not know"), ({}, "asks for")]
)
def test_a_wrong_key_and_none(
    name: str, key: dict[str, str], said: str, backend_url: str, tmp_path: Path
) -> None:
    done = _run(name, tmp_path, {"BACKEND_URL": backend_url, **key})

    _refused(
        done,
        f"the backend at {backend_url} {said}",
        "set BACKEND_SERVICE_KEY",
        "--service-key",
        "`longroom keys create`",
        exit_code=1,
        unsaid="wrong-key",
    )
    assert "Authorization" not in done.stderr


@pytest.mark.parametrize("name", ON_BACKEND)
def test_a_wrong_port(name: str, closed_port: int, tmp_path: Path) -> None:
    url = f"http://me:hidden@127.0.0.1:{closed_port}"
    done = _run(name, tmp_path, {"BACKEND_URL": url})

    _refused(
        done,
        f"http://127.0.0.1:{closed_port} does not answer",
        "BACKEND_URL",
        "--backend",
        "`longroom backend`",
        exit_code=1,
        unsaid="hidden",
    )


@pytest.mark.parametrize("name", OF_FILES)
def test_a_file_that_is_not_there(name: str, closed_port: int, tmp_path: Path) -> None:
    env = {
        "BACKEND_URL": f"http://127.0.0.1:{closed_port}",
        "DATABASE_URL": f"postgresql://127.0.0.1:{closed_port}/rooms",
    }
    file = tmp_path / "missing.jsonl"
    done = CommandLine(tmp_path, env).run(*_words(name, file))

    _refused(done, str(file), exit_code=2, unsaid="Traceback")


def test_a_worker_names_the_program_that_was_started(backend_url: str, tmp_path: Path) -> None:
    env = {
        "BACKEND_URL": backend_url,
        "BACKEND_SERVICE_KEY": "wrong-key",
        "LIVEKIT_URL": "ws://127.0.0.1:1",
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "a secret that is long enough for a token",
    }
    done = CommandLine(tmp_path, env).run("worker")

    _refused(done, "refuses BACKEND_SERVICE_KEY (401)", exit_code=1, unsaid="wrong-key")


def test_doctor_finds_a_weak_login_and_a_wrong_key(
    weak: str, backend_url: str, tmp_path: Path
) -> None:
    env = {"DATABASE_URL": weak, "BACKEND_URL": backend_url, "BACKEND_SERVICE_KEY": "wrong-key"}
    done = CommandLine(tmp_path, env).run("doctor")

    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert f"FAIL  schema: the database login {_login(weak)} may not" in done.stdout
    assert f"grant longroom_background to {_login(weak)}" in done.stdout
    assert f"FAIL  backend: the backend at {backend_url} does not know the key" in done.stdout
    assert "→ set BACKEND_SERVICE_KEY (or --service-key) to the key that" in done.stdout
    assert "wrong-key" not in done.stdout


def test_doctor_finds_a_right_key(backend_url: str, database: str, tmp_path: Path) -> None:
    env = {"DATABASE_URL": database, "BACKEND_URL": backend_url, "BACKEND_SERVICE_KEY": KEY}
    done = CommandLine(tmp_path, env).run("doctor")

    assert f"ok    backend: {backend_url} is ready and takes BACKEND_SERVICE_KEY" in done.stdout


def test_doctor_shows_no_password_of_an_address(closed_port: int, tmp_path: Path) -> None:
    address = f"http://me:hidden@127.0.0.1:{closed_port}"
    env = {"BACKEND_URL": address, "LLM_BASE_URL": f"{address}/v1", "DATABASE_URL": CLOSED}
    done = CommandLine(tmp_path, env).run("doctor")

    assert f"FAIL  backend: http://127.0.0.1:{closed_port} does not answer" in done.stdout
    assert f"FAIL  language model: http://127.0.0.1:{closed_port}/v1 does not" in done.stdout
    assert "hidden" not in done.stdout
