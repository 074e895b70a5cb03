"""The conversation at the terminal, with a scripted agent."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from agent.chat import WindowMessage
from agent.conversation.session.reply import TurnResult
from agent.conversation.taking_back import NothingToTakeBack, TakenBack
from agent.recall.recall import Recalled
from longroom.chat.loop import ChatLoop
from longroom.chat.terminal import Terminal
from longroom.client import BackendUnavailable
from retrieval.wire import Message, MessageId, RetrievalHit, SearchResponse, SearchTimings

SAID_AT = datetime(2025, 1, 14, 10, 21, tzinfo=UTC)


def hit(content: str, *, participant: str = "Wren") -> RetrievalHit:
    message = Message(
        id=MessageId("m-1"),
        seq=1,
        role="user",
        participant=participant,
        content=content,
        created_at=SAID_AT,
    )
    return RetrievalHit(message=message, score=1.8149, found_by=["lexical"])


class ScriptedBackend:
    """Answers each question with its words in capitals; notes what it was asked."""

    def __init__(self, recalled: Recalled | None = None) -> None:
        self.asked: list[str] = []
        self.recalled = recalled or Recalled()
        self.interrupt = False
        self.is_down = False
        self.others: list[list[Message]] = []

    async def ask(self, text: str, on_delta: Callable[[str], None]) -> TurnResult:
        self.asked.append(text)
        on_delta(text.upper())
        if self.interrupt:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(10)
        return TurnResult(text.upper(), "answered", self.recalled, 12, 1312)

    async def search(self, query: str) -> SearchResponse:
        if self.is_down:
            raise BackendUnavailable("no connection")
        return SearchResponse(
            hits=[hit(f"about {query}")],
            relevant=True,
            confidence=0.9,
            message_count=1312,
            pending=10_000,
            model="m",
            timings=SearchTimings(embed_ms=1, candidates_ms=2, total_ms=17.6),
        )

    async def take_back(self) -> TakenBack:
        if self.is_down:
            raise BackendUnavailable("no connection")
        if not self.asked:
            raise NothingToTakeBack
        return TakenBack(self.asked.pop(), SAID_AT, answers=1, rows=7)

    async def others_messages(self) -> list[Message]:
        if self.is_down:
            raise BackendUnavailable("no connection")
        return self.others.pop(0) if self.others else []

    def window(self) -> Sequence[WindowMessage]:
        return [WindowMessage(SAID_AT, "Hal", "One line\nand another")]


async def each(lines: Sequence[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


def chat(backend: ScriptedBackend, *lines: str, prompt: bool = False, suggested: str = "") -> None:
    loop = ChatLoop(
        backend,
        Terminal(),
        identity="Mira",
        prompt=prompt,
        suggested=[suggested] if suggested else [],
    )
    asyncio.run(loop.run(each(lines)))


def test_every_line_is_a_turn_until_one_says_quit(capsys: pytest.CaptureFixture[str]) -> None:
    backend = ScriptedBackend()
    chat(backend, "first", "", "second", "/quit", "third")
    assert backend.asked == ["first", "second"]
    assert "Mira> first\nFIRST\n" in capsys.readouterr().out


def test_the_trace_says_what_was_recalled_in_what_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hits = tuple(hit("My order number is PW-20417. " + "More words. " * 20) for _ in range(6))
    chat(ScriptedBackend(Recalled(hits, recall_ms=17.7, added_ms=0.2, source="speculation")), "x")
    out = capsys.readouterr().out
    assert "recalled 6 of 1,312 messages in 18 ms (added 0 ms) · window 12 of 1,312\n" in out
    assert out.count("\n   1.81  14 Jan 2025 10:21  Wren: My order number is PW-20417.") == 4
    assert out.count("\n  score  when (UTC)         who: what\n") == 1
    assert "… and 2 more" in out
    assert max(map(len, out.splitlines())) <= 100


def test_a_late_search_is_not_called_an_empty_one(capsys: pytest.CaptureFixture[str]) -> None:
    chat(ScriptedBackend(Recalled(added_ms=250.1, degraded="late")), "x")
    assert "recalled nothing: the search took too long (added 250 ms)" in capsys.readouterr().out
    chat(ScriptedBackend(Recalled(added_ms=3.0)), "x")
    assert "nothing beyond the window is about it (added 3 ms)" in capsys.readouterr().out


def test_commands_are_for_the_program_and_unknown_ones_are_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = ScriptedBackend()
    chat(backend, "/search blue tin", "/window", "/help", "/dance", "/search")
    out = capsys.readouterr().out
    assert backend.asked == []
    assert "\n   1.81  14 Jan 2025 10:21  Wren: about blue tin" in out
    assert "1 of 1,312 messages in 18 ms · 10,000 or more not embedded yet" in out
    assert "14 Jan 2025 10:21  Hal: One line and another" in out
    assert "/search QUERY" in out
    assert "there is no /dance; there are /search, /window, /forget, /say, /help, /quit" in out
    assert "search for what?" in out


def test_a_search_that_fails_is_reported_and_the_chat_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = ScriptedBackend()
    backend.is_down = True
    chat(backend, "/search tin", "still there?")
    assert "the backend is unavailable: no connection" in capsys.readouterr().out
    assert backend.asked == ["still there?"]


def test_a_number_asks_the_suggested_question(capsys: pytest.CaptureFixture[str]) -> None:
    backend = ScriptedBackend()
    chat(backend, "1", "2", prompt=True, suggested="Who waters the fern?")
    assert backend.asked == ["Who waters the fern?"]
    out = capsys.readouterr().out
    assert "Mira> Who waters the fern?" in out
    assert "Send 2 as a message?" in out


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        (["5", "y", "on"], ["5", "on"]),
        (["5", "YES"], ["5"]),
        (["5", "n"], []),
        (["5", "", "on"], ["on"]),
        (["5", "on", "y"], ["on", "y"]),
        (["5", "6", "y"], ["6"]),
        (["/say 5", "/say exit", "/say /etc", "/say"], ["5", "exit", "/etc"]),
        (["42", "5\n6"], ["42", "5\n6"]),
        (["on", "Exit", "off"], ["on"]),
        (["5", "quit", "y"], []),
        (["exit now", "quit?"], ["exit now", "quit?"]),
    ],
)
def test_at_a_prompt_slips_are_not_sent(lines: list[str], asked: list[str]) -> None:
    backend = ScriptedBackend()
    chat(backend, *lines, prompt=True)
    assert backend.asked == asked


def test_the_lines_of_a_pipe_are_messages_as_they_stand() -> None:
    backend = ScriptedBackend()
    chat(backend, "5", "exit", "quit", "y")
    assert backend.asked == ["5", "exit", "quit", "y"]


def test_what_was_taken_back_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    backend = ScriptedBackend()
    chat(backend, "/forget", "My code is 7361. " + "x" * 100, "/forget")
    out = capsys.readouterr().out
    assert "nothing that was said in this chat is left to take back" in out
    assert "erased for good: “My code is 7361. xxx" in out
    assert "x…” of 14 Jan 2025 10:21 UTC and the answer to it (7 rows" in out
    backend.is_down = True
    chat(backend, "/forget")
    assert "not taken back: the backend is unavailable" in capsys.readouterr().out


@pytest.fixture
def default_ctrl_c() -> Iterator[None]:
    """A program's own handler of SIGINT: other tests of this process may have left another."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("default_ctrl_c")
def test_ctrl_c_interrupts_the_answer_at_a_prompt_and_the_program_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = ScriptedBackend()
    backend.interrupt = True
    chat(backend, "first", "second", prompt=True)
    assert backend.asked == ["first", "second"]
    assert capsys.readouterr().out.count("(interrupted)") == 2
    with pytest.raises(KeyboardInterrupt):
        chat(backend, "third")


def test_several_lines_are_one_message_even_if_they_begin_like_a_command() -> None:
    backend = ScriptedBackend()
    chat(backend, "/etc/hosts\nis a file")
    assert backend.asked == ["/etc/hosts\nis a file"]


def test_what_others_say_during_an_answer_is_shown_once_after_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Interrupted(ScriptedBackend):
        async def ask(self, text: str, on_delta: Callable[[str], None]) -> TurnResult:
            on_delta("The first half ")
            self.others.append([hit("The tin is blue.", participant="Eve").message])
            await asyncio.sleep(0.02)
            return await super().ask(text, on_delta)

    async def run() -> None:
        loop = ChatLoop(Interrupted(), Terminal(), identity="Mira", prompt=True)
        listening = asyncio.create_task(loop.show_others(every_s=0))
        await loop.run(each(["and the other"]))
        await asyncio.sleep(0.02)
        listening.cancel()

    asyncio.run(run())
    out = capsys.readouterr().out
    assert out.startswith("The first half AND THE OTHER\n")
    assert out.count("Eve> The tin is blue.\n") == 1


def test_a_backend_that_is_away_ends_neither_the_chat_nor_the_listening(
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = ScriptedBackend()
    backend.is_down = True
    backend.others = [[hit("Back again.", participant="Eve").message]]

    async def run() -> None:
        loop = ChatLoop(backend, Terminal(), identity="Mira", prompt=True)
        listening = asyncio.create_task(loop.show_others(every_s=0))
        await asyncio.sleep(0.02)
        backend.is_down = False
        await asyncio.sleep(0.02)
        listening.cancel()

    asyncio.run(run())
    assert "Eve> Back again." in capsys.readouterr().out


def test_nothing_that_was_said_can_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07\x9b2J[bold]mark[/bold]"
    chat(ScriptedBackend(Recalled((hit(evil, participant="\x1bEve"),))), evil)
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b"} & set(out)
    assert "[bold]mark[/bold]" in out
