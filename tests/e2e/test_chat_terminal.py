"""The chat at a terminal: typing, pasting, commands, and Ctrl-C, on a pseudo terminal."""

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import orjson
import pexpect
import pytest
from rich.cells import cell_len

from testbed.backend_process import running_backend
from testbed.cluster_folder import cluster_folder
from testbed.language_model_server import language_model_server
from tests.support.command_line import MODULE, ROOT, CommandLine
from tests.support.terminal import CTRL_C, Terminal

PROMPT = "Mira>"
TIMEOUT_S = 40
ESCAPES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")
ENGLISH = "The spare fuse is in the blue tin behind the extraordinarily heavy box of lamps. " * 4
CHINESE = "备用保险丝在蓝色的罐子里，就在灯箱后面。请不要忘记：周五之前（中午）把它放回去！" * 2


@pytest.fixture(scope="module")
def command_line() -> Iterator[CommandLine]:
    """One backend for the file; each test uses another room."""
    with (
        cluster_folder() as folder,
        running_backend({"LONGROOM_DATA_DIR": str(folder)}, forked=True) as url,
    ):
        yield CommandLine(folder, {"BACKEND_URL": url})


def chat(command_line: CommandLine, *arguments: str, **env: str) -> Terminal:
    return Terminal(
        MODULE,
        ["chat", "--as", "Mira", *arguments],
        env={**command_line.environment, **env},
        cwd=ROOT,
        timeout_s=TIMEOUT_S,
    )


def talk(terminal: Terminal, *lines: tuple[str, str]) -> None:
    """Each at a prompt, with what is printed to it."""
    for line, answer in lines:
        terminal.expect(PROMPT)
        terminal.sendline(line)
        terminal.expect(answer)


def said(command_line: CommandLine, folder: Path, room: str, *, by: str = "Mira") -> list[str]:
    exported = folder / f"{room}.jsonl"
    done = command_line.run("export", "--room", room, "--include", "messages", "-o", str(exported))
    assert done.returncode == 0, done.stderr
    messages = [orjson.loads(line) for line in exported.read_bytes().splitlines()]
    return [each["content"] for each in messages if each["participant"] == by]


def test_a_session_at_the_terminal_from_the_first_word_to_quit(command_line: CommandLine) -> None:
    terminal = chat(command_line)
    terminal.expect("1  Which order number did Wren give")
    terminal.expect("exit leaves")
    assert "Hello! How can I help you?" in terminal.before
    assert "Welcome back" not in terminal.before
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
    terminal.expect(r"score  when \(UTC\) +who: what")
    terminal.expect(r"\d\.\d\d +\d+ \w+ 2025 \d\d:\d\d  \w+: .*lemon cake in the kitchen")
    terminal.expect(r"10 of \d+ messages in")
    terminal.expect(PROMPT)
    terminal.sendline("/window")
    terminal.expect("I keep the light on")
    terminal.expect("Mira: Which order number")
    terminal.expect(PROMPT)
    terminal.sendline("/dance")
    terminal.expect("there is no /dance; there are /search, /window, /forget, /say, /help, /quit")
    terminal.expect(PROMPT)
    terminal.sendline("/quit")
    assert terminal.ended() == 0


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_at_the_prompt_leave(command_line: CommandLine, key: str) -> None:
    terminal = chat(command_line, "--room", "leaving")
    terminal.expect(PROMPT)
    terminal.send(key)
    assert terminal.ended() == 0


@pytest.mark.parametrize("word", ["exit", "quit"])
def test_exit_and_quit_leave_and_are_no_messages(
    command_line: CommandLine, tmp_path: Path, word: str
) -> None:
    room = f"leaving by {word}"
    terminal = chat(command_line, "--room", room)
    terminal.expect(PROMPT)
    terminal.sendline(word)
    assert terminal.ended() == 0
    assert said(command_line, tmp_path, room) == []


def test_a_lone_digit_is_sent_after_a_yes_only(command_line: CommandLine, tmp_path: Path) -> None:
    terminal = chat(command_line, "--room", "digits")
    talk(
        terminal,
        ("5", "Send 5 as a message"),
        ("", "5 was not sent"),
        ("6", "Send 6 as a message"),
        ("y", "window 3 of 3"),
        ("/say 7", "window 5 of 5"),
    )
    terminal.expect(PROMPT)
    terminal.sendline("/quit")
    assert terminal.ended() == 0
    assert said(command_line, tmp_path, "digits") == ["6", "7"]


def test_the_last_message_is_taken_back_with_its_answer(
    command_line: CommandLine, tmp_path: Path
) -> None:
    terminal = chat(command_line, "--room", "regretted")
    talk(
        terminal,
        ("The tin is blue.", "window 3 of 3"),
        ("My locker code is canary-7361.", "window 5 of 5"),
        ("/forget", "erased for good: “My locker code is canary-7361.” of .* and the answer to it"),
        ("/window", "Mira: The tin is blue."),
    )
    terminal.expect(PROMPT)
    assert "canary" not in terminal.before
    typed = command_line.data_dir / "typed-lines"
    assert not any(b"canary" in path.read_bytes() for path in typed.iterdir())
    assert said(command_line, tmp_path, "regretted") == ["The tin is blue."]
    assert "canary" not in (tmp_path / "regretted.jsonl").read_text()
    terminal.sendline("/search locker code")
    terminal.expect(r"\d of 3 messages in")
    assert "canary" not in terminal.before
    for answer in ("erased for good: “The tin is blue.”", "nothing that was said in this chat"):
        terminal.expect(PROMPT)
        terminal.sendline("/forget")
        terminal.expect(answer)
    terminal.expect(PROMPT)
    terminal.sendline("exit")
    assert terminal.ended() == 0
    assert said(command_line, tmp_path, "regretted") == []


def test_several_lines_are_one_message_and_the_history_keeps_them_so(
    command_line: CommandLine, tmp_path: Path
) -> None:
    terminal = chat(command_line, "--room", "pasted")
    terminal.expect(PROMPT)
    terminal.send("\x1b[200~The spare fuse\n  is in the tin.\x1b[201~\r")
    terminal.expect("window 3 of 3")
    terminal.expect(PROMPT)
    terminal.send("The key\x1b\ris on the hook.\r")
    terminal.expect("window 5 of 5")
    terminal.expect(PROMPT)
    terminal.send("\x04")
    assert terminal.ended() == 0
    again = chat(command_line, "--room", "pasted")
    again.expect(PROMPT)
    again.send("\x1b[A")
    again.expect("on the hook")
    again.send("\r")
    again.expect("window 7 of 7")
    again.expect(PROMPT)
    again.sendline("/quit")
    assert again.ended() == 0
    assert said(command_line, tmp_path, "pasted") == [
        "The spare fuse\n  is in the tin.",
        "The key\nis on the hook.",
        "The key\nis on the hook.",
    ]


def test_ctrl_c_clears_a_half_typed_line(command_line: CommandLine, tmp_path: Path) -> None:
    terminal = chat(command_line, "--room", "cleared")
    terminal.expect(PROMPT)
    terminal.send("half a thought")
    terminal.expect("thought")
    terminal.send("\x03")
    terminal.sendline("a whole one")
    terminal.expect("window 3 of 3")
    terminal.expect(PROMPT)
    terminal.send("\x03")
    assert terminal.ended() == 0
    assert said(command_line, tmp_path, "cleared") == ["a whole one"]


def test_others_appear_above_a_half_typed_line(command_line: CommandLine, tmp_path: Path) -> None:
    terminal = chat(command_line, "--room", "shared")
    terminal.expect(PROMPT)
    terminal.send("The key is")
    terminal.expect("key")
    done = command_line.run("chat", "--room", "shared", "--as", "Eve", text="The tin is blue.\n")
    assert done.returncode == 0, done.stderr
    terminal.expect("Eve> The tin is blue.")
    terminal.expect("longroom> ")
    terminal.expect("The key is")
    terminal.send(" on the hook.\r")
    terminal.expect("window")
    terminal.expect(PROMPT)
    # Neither Mira's message nor the answer to it comes again.
    assert terminal.expect([pexpect.TIMEOUT, "longroom> ", "Mira> The key"], timeout=5) == 0
    terminal.sendline("/quit")
    assert terminal.ended() == 0
    assert said(command_line, tmp_path, "shared") == ["The key is on the hook."]


async def test_answers_are_broken_between_words_at_any_width(command_line: CommandLine) -> None:
    async with language_model_server() as model:
        model.reply = lambda prompt: CHINESE if "Chinese" in prompt.question else ENGLISH
        await asyncio.to_thread(_narrow, command_line, model.url)


def _narrow(command_line: CommandLine, url: str) -> None:
    terminal = chat(command_line, "--room", "narrow", LLM_BASE_URL=url, LLM_MODEL="scripted")
    for columns, question, answer in (
        (40, "?", ENGLISH),
        (27, "?", ENGLISH),
        (33, "Chinese?", CHINESE),
    ):
        terminal.expect(PROMPT)
        terminal.setwinsize(40, columns)
        terminal.sendline(question)
        terminal.expect(answer[:4] + "(?s:.*?)recalled")
        lines = ESCAPES.sub("", terminal.after.removesuffix("recalled")).splitlines()
        assert max(map(cell_len, lines)) <= columns
        assert max(map(cell_len, lines)) > columns - 12
        assert "".join(lines).replace(" ", "") == answer.replace(" ", "")
        if answer == ENGLISH:
            assert " ".join(lines).split() == answer.split()
    terminal.expect(PROMPT)
    terminal.sendline("/quit")
    assert terminal.ended() == 0


async def test_an_interrupted_answer_can_be_taken_back_and_the_chat_goes_on(
    command_line: CommandLine, tmp_path: Path
) -> None:
    async with language_model_server() as model:
        model.reply = lambda prompt: (
            "This answer is very long " * 500 if "long" in prompt.question else "Short and sweet."
        )
        model.word_delay_s = 0.02
        await asyncio.to_thread(_interrupt, command_line, model.url)
    assert said(command_line, tmp_path, "interrupted") == []
    assert "very long" not in (tmp_path / "interrupted.jsonl").read_text()


def _interrupt(command_line: CommandLine, url: str) -> None:
    terminal = chat(command_line, "--room", "interrupted", LLM_BASE_URL=url, LLM_MODEL="scripted")
    terminal.expect(PROMPT)
    terminal.sendline("Tell me something long.")
    terminal.expect("This answer is very long")
    terminal.send(CTRL_C)
    terminal.expect("interrupted")
    terminal.expect(PROMPT)
    terminal.sendline("/forget")
    terminal.expect("erased for good: “Tell me something long.” of .* and the answer to it")
    terminal.expect(PROMPT)
    terminal.sendline("Tell me something long.")
    terminal.expect("This answer is very long")
    terminal.send(CTRL_C)
    terminal.expect("interrupted")
    terminal.expect(PROMPT)
    terminal.sendline("And now?")
    terminal.expect("Short and sweet")
    for question in ("And now", "Tell me something long"):
        terminal.expect(PROMPT)
        terminal.sendline("/forget")
        terminal.expect(f"erased for good: “{question}.” of .* and the answer to it")
    terminal.expect(PROMPT)
    terminal.sendline("/quit")
    assert terminal.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminated_chat_delivers_what_was_said(
    command_line: CommandLine, tmp_path: Path, number: signal.Signals
) -> None:
    room = f"terminated-{number}"
    terminal = chat(command_line, "--room", room)
    terminal.expect(PROMPT)
    terminal.sendline("The spare fuse is in the blue tin.")
    terminal.expect("window")
    terminal.send_signal(number)
    assert terminal.ended() == 128 + number
    assert said(command_line, tmp_path, room) == ["The spare fuse is in the blue tin."]


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
