"""Files, numbers, names and options are checked before a database, a backend or a server starts."""

import socket
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

CHAT = "[01.03.25, 09:00:00] Hal: Where is the tin?\n"
LINE = '{"participant": "Hal", "role": "user", "content": "x", "created_at": "2025-01-01T10:00Z"}\n'


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "data")


def refused(command: CommandLine, *arguments: str) -> str:
    """Its one line; nothing has been started, whose first trace is the data folder."""
    done = command.run(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("longroom: ")
    assert not command.data_dir.exists()
    return line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chat", "--room", ""), "'--room': '': must have at least 1 character"),
        (("chat", "--room", "a", "--conversation", "b"), "either --room or --conversation"),
        (("chat", "--as", "a\nb"), "'--as': 'a\\nb': must be one line"),
        (("chat", "--backend", "http://host:99999"), "write it as http://host:port"),
        (("import", "nofile", "--room", "x"), "cannot read nofile: No such file"),
        (("import", "-", "--room", "x", "--column", "text=y"), "--column: 'text=y': write FIELD="),
        (("export", "--room", "x", "-o", "nowhere/x.gz"), "'-o': there is no folder nowhere"),
        (("export", "--room", "x", "-o", "docs"), "docs is a folder; name a file"),
        (("export", "--room", "x", "--participant", "ada"), "leave out --room"),
        (("export",), "name it with --room or --conversation"),
        (("erase", "participant", "ada", "--yes"), "--conversation-id"),
        (
            ("erase", "participant", "ada", "--everywhere", "--yes", "--receipt", "/proc/receipt"),
            "'--receipt': /proc/receipt cannot be written",
        ),
        (
            ("erase", "conversation", "--room", "x", "--dry-run", "--scrub"),
            "--dry-run erases nothing, so leave out --scrub",
        ),
        (("erase", "conversation", "--conversation-id", "7", "--yes"), "'--conversation-id': "),
        (("erasures", "replay", "nofile"), "cannot read nofile"),
        (("keys", "create", " ", "--scope", "agent"), "'NAME': ' ': must not be empty"),
        (("backfill", "--keep-old"), "--keep-old is for --model"),
        (("backfill", "--workers", "0"), "'--workers': must be greater than or equal to 1"),
        (("backend", "--port", "70000"), "'--port': must be less than or equal to 65535"),
        (("mcp", "--room", "a", "--port", "1"), "are for --http"),
        (("mcp", "--room", "a", "--http", "--host", "192.0.2.1"), "set LONGROOM_MCP_KEY"),
        (("retention",), "BACKEND_RETENTION is not set"),
        (("run", "--room", "x" * 300), "'--room': '" + "x" * 40 + "': "),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    command: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refused(command, *arguments)


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_a_file_is_looked_into_before_anything_starts(command: CommandLine, tmp_path: Path) -> None:
    chat = written(tmp_path, "chat.txt", CHAT)
    lines = written(tmp_path, "lines.jsonl", LINE)
    unknown = written(tmp_path, "unknown.txt", "nothing that anybody knows\n")
    room = ("--room", "x")

    assert "tell whose clock they are by with --time-zone" in refused(
        command, "import", chat, *room
    )
    assert "name it with --room or --conversation" in refused(command, "import", lines)
    assert "is not recognised; name it with --format" in refused(command, "import", unknown, *room)
    assert "--day-first and --month-first is for whatsapp files" in refused(
        command, "import", lines, *room, "--day-first"
    )
    assert "--column is for csv files" in refused(
        command, "import", lines, *room, "--column", "content=text"
    )
    assert "'--rejects': there is no folder" in refused(
        command, "import", lines, *room, "--rejects", f"{tmp_path}/none/rejected"
    )


def test_settings_are_looked_at_before_anything_starts(tmp_path: Path) -> None:
    wrong = {"AGENT_ROLLING_WINDOW_MESSAGES": "0", "EMBEDDING_PROVIDER": "magic"}
    command = CommandLine(tmp_path / "data", wrong)

    assert "AGENT_ROLLING_WINDOW_MESSAGES" in refused(command, "chat")
    assert "AGENT_ROLLING_WINDOW_MESSAGES" in refused(command, "run")
    assert "EMBEDDING_PROVIDER" in refused(command, "backfill")


def test_a_room_at_a_port_that_is_taken(command: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(command, "run", "--port", port)

    assert f"--port {port} is in use; name another" in said
