"""A command that cannot run says in one line why, and what to do."""

import json
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from retrieval.database.connection import open_connection
from testbed.backend_process import running_backend
from testbed.cluster_folder import cluster_folder
from testbed.postgres import Server, drop_database
from tests.support.command_line import CommandLine

UNREACHABLE = "postgresql://longroom@127.0.0.1:1/longroom"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def empty_database(postgres: Server) -> AsyncIterator[str]:
    name = f"longroom_empty_{uuid4().hex[:12]}"
    connection = await open_connection(postgres.url)
    await connection.execute(f'create database "{name}"')
    await connection.close()
    yield postgres.database_url(name)
    await drop_database(postgres.url, name)


def refused(done: subprocess.CompletedProcess[str], *said: str, exit_code: int = 2) -> None:
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for words in said:
        assert words in done.stderr


def test_an_unreachable_database(data_dir: Path) -> None:
    done = CommandLine(data_dir, {"DATABASE_URL": UNREACHABLE}).run("chat")
    refused(done, "the backend ended", "cannot connect to the database")


def test_a_database_url_that_is_not_a_url(data_dir: Path) -> None:
    done = CommandLine(data_dir, {"DATABASE_URL": "my database"}).run("migrate")
    refused(done, "DATABASE_URL")


def test_a_data_folder_that_cannot_be_written() -> None:
    # Also root cannot make a folder there.
    done = CommandLine(Path("/proc/longroom")).run("chat")
    refused(done, "/proc/longroom cannot be written", "--data-dir")


def test_a_port_that_is_taken(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = CommandLine(data_dir).run("backend", "--port", str(port))
    refused(done, str(port), "in use")


def test_an_unreachable_backend(data_dir: Path) -> None:
    done = CommandLine(data_dir, {"BACKEND_URL": "http://127.0.0.1:1"}).run("chat", "--room", "x")
    refused(done, "the backend is unavailable", exit_code=1)


def test_a_setting_that_is_out_of_bounds_is_named(data_dir: Path) -> None:
    env = {"BACKEND_URL": "http://127.0.0.1:1", "AGENT_ROLLING_WINDOW_MESSAGES": "0"}
    refused(
        CommandLine(data_dir, env).run("chat"), "AGENT_ROLLING_WINDOW_MESSAGES: Input should be"
    )


def test_a_worker_without_a_livekit_server_says_what_to_set(data_dir: Path) -> None:
    done = CommandLine(data_dir).run("worker")
    refused(done, "LIVEKIT_URL: is not set", "LIVEKIT_API_SECRET: is not set")


def test_a_database_without_our_schema_is_refused_until_it_is_migrated(
    data_dir: Path, empty_database: str
) -> None:
    command_line = CommandLine(data_dir, {"DATABASE_URL": empty_database})
    refused(command_line.run("chat"), "longroom migrate")
    status = command_line.run("migrate", "--status")
    assert status.returncode == 1
    assert "missing 0001_" in status.stdout
    migrated = command_line.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    assert "applied 0001_" in migrated.stdout
    again = command_line.run("migrate", "--status")
    assert (again.returncode, again.stdout) == (0, "the schema is up to date\n")


def test_a_damaged_outbox_is_reported_and_set_aside_and_the_chat_goes_on() -> None:
    with (
        cluster_folder() as folder,
        running_backend({"LONGROOM_DATA_DIR": str(folder)}, forked=True) as url,
    ):
        room = httpx.post(f"{url}/api/v1/rooms", json={"name": "x"}).json()
        outbox = Path(folder, "outbox", f"{room['conversation_id']}.sqlite3")
        outbox.parent.mkdir()
        outbox.write_bytes(b"this was a database once " * 400)
        command_line = CommandLine(folder, {"BACKEND_URL": url})
        text = "The tin is blue.\nWhat colour is the tin?\n"
        done = command_line.run("chat", "--room", "x", text=text)
        assert done.returncode == 0, done.stderr
        assert "the outbox file is damaged and was set aside" in done.stdout
        assert "The tin is blue." in done.stdout
        assert list(outbox.parent.glob("*.corrupt"))
        examined = command_line.run("doctor", "--json")
        findings = {each["name"]: each for each in json.loads(examined.stdout)}
        assert findings["outbox"]["status"] == "warn"
        assert findings["backend"]["status"] == "ok"


def test_doctor_says_what_is_broken_and_what_to_do(data_dir: Path) -> None:
    env = {
        "DATABASE_URL": UNREACHABLE,
        "BACKEND_URL": "http://127.0.0.1:1",
        "LLM_BASE_URL": "http://127.0.0.1:1/v1",
        "LIVEKIT_URL": "ws://127.0.0.1:1",
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "a secret that is long enough for a token",
    }
    done = CommandLine(data_dir, env).run("doctor")
    assert done.returncode == 1, done.stderr
    for name in ("database", "backend", "livekit", "language model"):
        assert f"FAIL  {name}: " in done.stdout
    assert "ok    data folder" in done.stdout
    assert "start it (`longroom backend`) or correct BACKEND_URL" in done.stdout
    assert "secret" not in done.stdout


def test_doctor_reports_invalid_settings(data_dir: Path) -> None:
    env = {"LIVEKIT_URL": "ws://127.0.0.1:1", "EMBEDDING_PROVIDER": "magic"}
    done = CommandLine(data_dir, env).run("doctor")
    assert done.returncode == 1, done.stderr
    assert "LIVEKIT_URL needs LIVEKIT_API_KEY" in done.stdout
    assert "EMBEDDING_PROVIDER: Input should be" in done.stdout


def test_doctor_finds_a_healthy_installation_healthy() -> None:
    with cluster_folder() as folder:
        done = CommandLine(folder).run("doctor")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert "embedded database: PostgreSQL" in done.stdout
    assert "embedding: all-MiniLM-L6-v2" in done.stdout


def test_an_unknown_language(data_dir: Path) -> None:
    done = CommandLine(data_dir).run("import", "-", "--room", "den", "--language", "klingon")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "'klingon' is not known" in " ".join(done.stderr.split())
    assert "german" in done.stderr
