"""The chat at a terminal: typing, commands, and Ctrl-C, on a pseudo terminal."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from testbed.backend_process import running_backend
from testbed.language_model_server import language_model_server
from tests.support.command_line import PROGRAM, ROOT, CommandLine

PROMPT = "Mira> "
TIMEOUT_S = 40


@pytest.fixture(scope="module")
def command_line() -> Iterator[CommandLine]:
    """All tests of this file talk to one backend, each in a room of its own."""
    # Not in pytest's own folder: each run closes that one to PostgreSQL's user again.
    with (
        tempfile.TemporaryDirectory(prefix="longroom-terminal-") as folder,
        running_backend({"LONGROOM_DATA_DIR": folder}) as url,
    ):
        yield CommandLine(Path(folder), {"BACKEND_URL": url})


def chat(command_line: CommandLine, *arguments: str, **env: str) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "chat", "--as", "Mira", *arguments],
        cwd=str(ROOT),
        env={**command_line.environment, "TERM": "xterm", **env},
        encoding="utf-8",
        timeout=TIMEOUT_S,
        dimensions=(40, 120),
        echo=False,
        preexec_fn=_heed_interrupts,
    )


def _heed_interrupts() -> None:
    # Who runs the tests in the background has Ctrl-C ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ended(terminal: "pexpect.spawn[str]") -> int | None:
    terminal.expect(pexpect.EOF)
    terminal.close()
    status: int | None = terminal.exitstatus
    return status


def test_a_session_at_the_terminal_from_the_first_word_to_quit(command_line: CommandLine) -> None:
    terminal = chat(command_line)
    terminal.expect("1  Which order number did Wren give")
    terminal.expect(PROMPT)
    terminal.sendline("/help")
    terminal.expect("/search QUERY")
    terminal.expect(PROMPT)
    terminal.sendline("1")
    terminal.expect("Which order number did Wren give")
    terminal.expect("PW-20417")
    terminal.expect(r"recalled \d+ of \d+ messages in \d+ ms \(added \d+ ms\)")
    terminal.expect(PROMPT)
    terminal.sendline("/search birthday cake")
    terminal.expect("lemon cake in the kitchen")
    terminal.expect(r"10 of \d+ messages in")
    terminal.expect(PROMPT)
    terminal.sendline("/window")
    terminal.expect("I keep the light on")
    terminal.expect("Mira: Which order number")
    terminal.expect(PROMPT)
    terminal.sendline("/dance")
    terminal.expect("there is no /dance; there are /search, /window, /help, /quit")
    terminal.expect(PROMPT)
    terminal.sendline("/quit")
    assert ended(terminal) == 0


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_at_the_prompt_leave(command_line: CommandLine, key: str) -> None:
    terminal = chat(command_line, "--room", "leaving")
    terminal.expect(PROMPT)
    terminal.send(key)
    assert ended(terminal) == 0


async def test_ctrl_c_during_an_answer_interrupts_it_and_the_talk_goes_on(
    command_line: CommandLine,
) -> None:
    async with language_model_server() as model:
        model.reply = lambda prompt: (
            "This answer is very long " * 500 if "long" in prompt.question else "Short and sweet."
        )
        model.word_delay_s = 0.02
        await asyncio.to_thread(_interrupt, command_line, model.url)


def _interrupt(command_line: CommandLine, url: str) -> None:
    terminal = chat(command_line, "--room", "interrupted", LLM_BASE_URL=url, LLM_MODEL="scripted")
    terminal.expect(PROMPT)
    terminal.sendline("Tell me something long.")
    terminal.expect("This answer is very long")
    terminal.sendintr()
    terminal.expect("interrupted")
    terminal.expect(PROMPT)
    terminal.sendline("And now?")
    terminal.expect("Short and sweet")
    terminal.expect(PROMPT)
    terminal.sendline("/quit")
    assert ended(terminal) == 0


def test_a_terminated_chat_delivers_what_was_said(
    command_line: CommandLine, tmp_path: Path
) -> None:
    terminal = chat(command_line, "--room", "terminated")
    terminal.expect(PROMPT)
    terminal.sendline("The spare fuse is in the blue tin.")
    terminal.expect("window")
    terminal.kill(15)
    assert ended(terminal) == 128 + 15
    exported = tmp_path / "terminated.jsonl"
    done = command_line.run("export", "--room", "terminated", "-o", str(exported))
    assert done.returncode == 0, done.stderr
    assert "The spare fuse is in the blue tin." in exported.read_text()


def test_messages_cannot_drive_the_terminal(command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "evil.jsonl"
    path.write_text(
        '{"id": "1", "participant": "Eve", "role": "user", "created_at": "2025-01-01T00:00:00Z",'
        ' "content": "The zebra\\u001b]0;owned\\u0007\\u001b[2J crosses at noon."}\n'
    )
    assert command_line.run("import", str(path), "--room", "evil").returncode == 0
    done = command_line.run("chat", "--room", "evil", text="/search zebra\n/window\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("crosses at noon") == 2
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
