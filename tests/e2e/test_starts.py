"""A start that takes long tells at a terminal what it is at; elsewhere it says nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from longroom.embedded_postgres.start_steps import FIRST_START
from testbed.cluster_folder import cluster_folder
from testbed.forked_program import PIPE, ForkedProgram
from tests.support.command_line import MODULE, ROOT, CommandLine
from tests.support.terminal import CTRL_C, Terminal

TOLD = f"{FIRST_START} …"
NO_LIVEKIT = {
    "LIVEKIT_URL": "ws://127.0.0.1:1",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "a secret that is long enough for a token",
    "AGENT_HEALTH_PORT": "0",
}


@pytest.fixture
def command() -> Iterator[CommandLine]:
    with cluster_folder() as folder:
        yield CommandLine(folder)


def at_terminal(command: CommandLine, *arguments: str) -> Terminal:
    return Terminal(MODULE, arguments, env=command.environment, cwd=ROOT, timeout_s=50)


def test_the_first_start_of_the_embedded_database_is_told(command: CommandLine) -> None:
    terminal = at_terminal(command, "keys", "list")
    terminal.expect_exact(TOLD)
    terminal.expect_exact("0 keys")

    assert terminal.ended() == 0


def test_a_backend_that_a_command_starts_tells_what_it_is_at(command: CommandLine) -> None:
    terminal = at_terminal(command, "rooms")
    terminal.expect_exact("starting the backend …")
    terminal.expect_exact("loading the embedding model …")
    terminal.expect_exact("0 rooms")

    assert terminal.ended() == 0


def test_a_backend_at_a_terminal_tells_it_too(command: CommandLine) -> None:
    terminal = at_terminal(command, "backend", "--port", "0")
    terminal.expect_exact(TOLD)
    terminal.expect_exact("ready http://127.0.0.1:")
    terminal.send(CTRL_C)
    terminal.expect(pexpect.EOF)


def test_a_start_in_a_pipe_says_nothing(command: CommandLine) -> None:
    listed = command.run("keys", "list")
    rooms = command.run("rooms")

    for done, said in ((listed, "0 keys"), (rooms, "0 rooms")):
        assert (done.returncode, done.stdout) == (0, "")
        assert said in done.stderr
        assert "…" not in done.stderr


def test_a_chat_says_where_its_log_is(command: CommandLine) -> None:
    terminal = at_terminal(command, "chat", "--room", "x", "--as", "Mira")
    terminal.expect_exact(f"log: {command.data_dir}/logs/chat.log")
    terminal.expect_exact("Mira>")
    terminal.send("/quit\r")

    assert terminal.ended() == 0
    assert Path(command.data_dir, "logs", "chat.log").exists()


def test_a_worker_logs_for_people_at_a_terminal(tmp_path: Path) -> None:
    terminal = at_terminal(CommandLine(tmp_path, NO_LIVEKIT), "worker")
    terminal.expect("INFO.* starting worker")
    terminal.send_signal(15)

    assert '{"message"' not in terminal.before


def test_a_worker_logs_json_in_a_pipe_and_where_it_is_asked_to(tmp_path: Path) -> None:
    command = CommandLine(tmp_path, NO_LIVEKIT)
    output = tmp_path / "worker.log"
    with (
        output.open("wb") as file,
        ForkedProgram(
            MODULE,
            ["worker"],
            env=command.environment,
            cwd=ROOT,
            stdin=PIPE,
            stdout=PIPE,
            stderr=file.fileno(),
        ) as piped,
    ):
        assert piped.stdout is not None
        line = piped.stdout.readline()
        piped.kill()
    terminal = at_terminal(command, "worker", "--log-format", "json")
    terminal.expect_exact('{"message": "starting worker"')
    terminal.send_signal(15)

    assert json.loads(line)["message"]
