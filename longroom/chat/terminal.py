"""Prints a chat: answers as they arrive, and what was recalled for them in what time."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.text import Text

from agent.chat import WindowMessage
from agent.conversation.taking_back import TakenBack
from agent.recall.recall import Degraded, Recalled
from longroom.chat.word_wrap import WordWrap, wrapped
from retrieval.wire import RetrievalHit, SearchResponse

SHOWN_HITS = 4
WIDTH_OF_A_PIPE = 100
COUNTED_EXACTLY = 10_000
_QUOTED = 60
_WHEN = f"{'when (UTC)':<17}"
QUIET = "bright_black"
# Messages may hold escape sequences: the terminal must not obey them.
CONTROL = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}

COMMANDS = ("/search", "/window", "/forget", "/say", "/help", "/quit")
HELP = """\
/search QUERY   what the conversation holds about it, best first, with scores and times
/window         the messages that the agent has in its memory now
/forget         take back what you said last in this chat: it and its answer are erased for good
/say TEXT       send TEXT as it stands, such as a lone digit, "exit", or what begins with /
/quit           leave, as exit, quit and Ctrl-D do; the room stays and the next chat goes on here
Enter           send; a pasted text of several lines is one message
Alt-Enter       begin a new line (or: Esc, then Enter)
Ctrl-C          interrupt an answer, clear the line, or leave when the line is empty"""


class Terminal:
    """Prints to stdout, `note` to stderr; breaks lines between words on a terminal only."""

    def __init__(self) -> None:
        self._out = _console(sys.stdout)
        self._notes = _console(sys.stderr)
        self._answer = WordWrap(lambda: self._out.width)

    def note(self, text: str) -> None:
        """Dropped without a terminal."""
        if self._notes.is_terminal:
            self._notes.print(text, style=QUIET)

    def say(self, text: str, *, style: str = "") -> None:
        if self._answer.within_line:
            self._out.print()
            self._answer.start_line()
        whole = printable(text)
        if self._out.is_terminal:
            whole = wrapped(whole, self._out.width)
        self._out.print(whole, style=style, soft_wrap=True)

    def quiet(self, text: str) -> None:
        self.say(text, style=QUIET)

    def complain(self, text: str) -> None:
        self.say(text, style="yellow")

    def said(self, speaker: str, text: str) -> None:
        self.say(f"{speaker}> {text}", style="bold")

    def delta(self, text: str) -> None:
        whole = printable(text)
        self._print_answer(self._answer.feed(whole) if self._out.is_terminal else whole)

    def end_of_answer(self) -> None:
        self._print_answer(self._answer.end())
        self._out.print()

    def _print_answer(self, text: str) -> None:
        self._out.print(text, end="", soft_wrap=True)

    def trace(self, recalled: Recalled, *, window: int, conversation: int) -> None:
        """One line on the recall, then its best hits."""
        self.quiet(f"{_recall_line(recalled, conversation)} · window {window} of {conversation:,}")
        self._hits(recalled.hits[:SHOWN_HITS])
        if len(recalled.hits) > SHOWN_HITS:
            self.quiet(f"  … and {len(recalled.hits) - SHOWN_HITS} more")
        self._out.print()

    def found(self, response: SearchResponse) -> None:
        found_ms = response.timings.total_ms
        if not response.relevant:
            self.quiet("nothing in the conversation seems to be about this; nearest:")
        self._hits(response.hits)
        self.quiet(
            f"{len(response.hits)} of {response.message_count:,} messages in {found_ms:.0f} ms"
            + (f" · {_pending(response.pending)} not embedded yet" if response.pending else "")
        )

    def window(self, window: Iterable[WindowMessage]) -> None:
        """The answer to /window, oldest first."""
        self._line(Text(f"  {_WHEN}  who: what"))
        for each in window:
            line = f"  {_when(each.at)}  {each.speaker}: {' '.join(each.text.split())}"
            self._line(Text(printable(line)))

    def taken_back(self, taken: TakenBack) -> None:
        answers = {0: "", 1: " and the answer to it"}.get(
            taken.answers, f" and {taken.answers} messages that answered it"
        )
        text = Text(printable(" ".join(taken.text.split())))
        text.truncate(_QUOTED, overflow="ellipsis")
        self.quiet(
            f"erased for good: “{text}” of {_when(taken.asked_at).strip()} UTC{answers}"
            f" ({taken.rows} rows of the database); what repeats it elsewhere stays"
        )

    def questions(self, questions: Sequence[str]) -> None:
        for number, question in enumerate(questions, start=1):
            self.say(f"  {number}  {question}")

    def _hits(self, hits: Sequence[RetrievalHit]) -> None:
        if hits:
            self._line(Text(f"  score  {_WHEN}  who: what"))
        for hit in hits:
            message = hit.message
            words = " ".join((hit.excerpt or message.content).split())
            said = f"{_when(message.created_at)}  {message.participant}: {words}"
            self._line(Text(printable(f"  {hit.score:>5.2f}  {said}")))

    def _line(self, text: Text) -> None:
        self._out.print(text, style=QUIET, no_wrap=True, overflow="ellipsis")


def _console(file: TextIO) -> Console:
    width = None if file.isatty() else WIDTH_OF_A_PIPE
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def printable(text: str) -> str:
    """Without the characters that a terminal would obey."""
    return text.translate(CONTROL)


DEGRADED: dict[Degraded, str] = {
    "late": "the search took too long",
    "failed": "the search failed",
    "resting": "the search failed before and is not tried for a moment",
}


def _recall_line(recalled: Recalled, conversation: int) -> str:
    waited = f"added {recalled.added_ms:.0f} ms"
    if recalled.degraded:
        return f"recalled nothing: {DEGRADED[recalled.degraded]} ({waited})"
    if not recalled.hits:
        return f"recalled nothing: nothing beyond the window is about it ({waited})"
    return (
        f"recalled {len(recalled.hits)} of {conversation:,} messages"
        f" in {recalled.recall_ms:.0f} ms ({waited})"
    )


def _pending(count: int) -> str:
    # Backends count up to here only.
    return f"{count:,} or more" if count >= COUNTED_EXACTLY else f"{count:,}"


def _when(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at.day:>2} {at:%b %Y %H:%M}"
