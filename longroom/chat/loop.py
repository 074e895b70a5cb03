"""The conversation at the terminal: one message, one turn; a command begins with /.

What is sent is kept. So at a prompt `exit` and `quit` leave, as they do in shells and database
clients, and a lone digit is the number of a suggested question, or else sent only after a yes: it
is a slip more often than a message. /say sends any of them. Nobody can be asked in a pipe, whose
lines are messages as they stand.
"""

import asyncio
import logging
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Protocol

from anyio import CancelScope
from prompt_toolkit.application import run_in_terminal

from agent.chat import ConversationErased, WindowMessage
from agent.conversation.session.reply import TurnResult
from agent.conversation.taking_back import NothingToTakeBack, TakenBack
from longroom.chat.signals import ctrl_c
from longroom.chat.terminal import COMMANDS, HELP, Terminal
from longroom.client import BackendError
from retrieval.wire import Message, SearchResponse

logger = logging.getLogger(__name__)

ERASED = "this conversation was erased; begin a new one with the same command"
NOTHING_TO_TAKE_BACK = (
    "nothing that was said in this chat is left to take back;"
    " `longroom erase message` erases what was said earlier"
)
LEAVING = frozenset({"exit", "quit"})
YES = frozenset({"y", "yes"})
NO = frozenset({"", "n", "no"})


class ChatBackend(Protocol):
    """What a chat needs of the agent; `agent.chat.Chat` has it."""

    async def ask(self, text: str, on_delta: Callable[[str], None]) -> TurnResult:
        """One turn. Cancelling it interrupts the answer. Raises ConversationErased."""

    async def search(self, query: str) -> SearchResponse:
        """Raises BackendError."""

    async def take_back(self) -> TakenBack:
        """Erase what was asked last, with its answer. Raises NothingToTakeBack, BackendError."""

    async def others_messages(self) -> list[Message]:
        """Messages of others since the last call, oldest first. Raises BackendError."""

    def window(self) -> Sequence[WindowMessage]:
        """The agent's window, oldest first."""


class ChatLoop:
    """Ends after the last line or /quit. With a `prompt`, Ctrl-C interrupts an answer, and lines
    may be about the program; without one it ends the program, and each question is printed before
    its answer.
    """

    def __init__(
        self,
        backend: ChatBackend,
        terminal: Terminal,
        *,
        identity: str,
        prompt: bool,
        suggested: Sequence[str] = (),
    ) -> None:
        self._backend = backend
        self._terminal = terminal
        self._identity = identity
        self._prompt = prompt
        self._suggested = {str(number): text for number, text in enumerate(suggested, start=1)}
        self._unsent = ""
        self._printing = asyncio.Lock()

    async def run(self, lines: AsyncIterable[str]) -> None:
        async for line in lines:
            if self._leaves(line):
                return
            if line or self._unsent:
                async with self._printing:
                    try:
                        await self._interruptible(line)
                    except ConversationErased:
                        self._terminal.complain(ERASED)
                        return

    async def show_others(self, *, every_s: float) -> None:
        """Show what others say above the prompt, but not within an answer. Runs until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                messages = await self._backend.others_messages()
            except BackendError as error:
                logger.info("messages of others not read", extra={"reason": str(error)})
                continue
            async with self._printing:
                for message in messages:
                    said = partial(self._terminal.said, message.participant, message.content)
                    await run_in_terminal(said)

    async def _interruptible(self, line: str) -> None:
        with CancelScope() as scope, ctrl_c(scope.cancel) if self._prompt else nullcontext():
            await self._handle(line)
        if scope.cancelled_caught:
            self._terminal.quiet("(interrupted)")

    def _leaves(self, line: str) -> bool:
        return line == "/quit" or (self._prompt and line.lower() in LEAVING)

    async def _handle(self, line: str) -> None:
        unsent, self._unsent = self._unsent, ""
        if unsent and line.lower() in YES:
            await self._turn(unsent, typed=unsent)
            return
        if unsent:
            self._terminal.quiet(f"({unsent} was not sent)")
            if line.lower() in NO:
                return
        if line.startswith("/") and "\n" not in line:
            await self._command(line)
        elif self._prompt and line not in self._suggested and len(line) == 1 and line.isdigit():
            self._unsent = line
            self._terminal.quiet(f"Send {line} as a message? It is kept in the room. y sends it.")
        else:
            await self._turn(self._suggested.get(line, line), typed=line)

    async def _turn(self, question: str, *, typed: str) -> None:
        if not self._prompt or question != typed:
            self._terminal.said(self._identity, question)
        try:
            result = await self._backend.ask(question, self._terminal.delta)
        finally:
            self._terminal.end_of_answer()
        if result.outcome in {"failed", "empty"}:
            reason = result.reason or "failed"
            self._terminal.complain(f"(no answer: {reason}; the chat's log says more)")
        elif result.reason is not None:
            self._terminal.complain(f"(not a whole answer of the model: {result.reason})")
        self._terminal.trace(
            result.recalled,
            window=result.window_messages,
            conversation=result.conversation_messages,
        )

    async def _command(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if name == "/help":
            self._terminal.quiet(HELP)
        elif name == "/window":
            self._terminal.window(self._backend.window())
        elif name == "/search":
            await self._search(rest.strip())
        elif name == "/forget":
            await self._forget()
        elif name == "/say":
            await self._say(rest.strip())
        else:
            self._terminal.complain(f"there is no {name}; there are {', '.join(COMMANDS)}")

    async def _say(self, text: str) -> None:
        if text:
            await self._turn(text, typed=text)
        else:
            self._terminal.complain("say what? /say exit")

    async def _forget(self) -> None:
        try:
            self._terminal.taken_back(await self._backend.take_back())
        except NothingToTakeBack:
            self._terminal.complain(NOTHING_TO_TAKE_BACK)
        except BackendError as error:
            self._terminal.complain(f"not taken back: {error}")

    async def _search(self, query: str) -> None:
        if not query:
            self._terminal.complain("search for what? /search order number")
            return
        try:
            self._terminal.found(await self._backend.search(query))
        except BackendError as error:
            self._terminal.complain(str(error))
