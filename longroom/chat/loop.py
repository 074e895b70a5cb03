"""The conversation at the terminal: one line, one turn; what begins with / is for the program."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from agent.conversation.reply import TurnTrace
from agent.errors import BackendError
from longroom.chat.terminal import HELP, Remembered, Terminal
from retrieval.wire import SearchResponse


class ChatBackend(Protocol):
    """The agent, as the terminal sees it; each call blocks until it is done."""

    def ask(self, text: str, on_delta: Callable[[str], None]) -> TurnTrace:
        """One turn. KeyboardInterrupt stops the answer and is raised on."""

    def search(self, query: str) -> SearchResponse:
        """Search the conversation. Raises BackendError."""

    def window(self) -> Sequence[Remembered]:
        """What the agent has in its memory, oldest first."""


class ChatLoop:
    """Reads lines and lets `talker` answer them until the lines end or one says /quit."""

    def __init__(
        self,
        talker: ChatBackend,
        terminal: Terminal,
        *,
        identity: str,
        echo: bool,
        suggested: Sequence[str] = (),
    ) -> None:
        self._talker = talker
        self._terminal = terminal
        self._identity = identity
        self._echo = echo
        self._suggested = {str(number): text for number, text in enumerate(suggested, start=1)}

    def run(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line == "/quit":
                return
            if line.startswith("/"):
                self._command(line)
            elif line:
                self._turn(line)

    def _turn(self, line: str) -> None:
        question = self._suggested.get(line, line)
        if self._echo or question != line:
            self._terminal.asked(self._identity, question)
        try:
            trace = self._talker.ask(question, self._terminal.delta)
        except KeyboardInterrupt:
            self._terminal.end_of_answer()
            if self._echo:
                raise  # nobody is at the prompt who could go on
            self._terminal.quiet("(interrupted)")
            return
        self._terminal.end_of_answer()
        if trace.outcome == "failed":
            self._terminal.complain("(the language model failed; the chat's log says why)")
        self._terminal.trace(
            trace.recalled, window=trace.window_messages, conversation=trace.conversation_messages
        )

    def _command(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if name == "/help":
            self._terminal.quiet(HELP)
        elif name == "/window":
            self._terminal.window(self._talker.window())
        elif name == "/search":
            self._search(rest.strip())
        else:
            self._terminal.complain(f"there is no {name}; there are /search, /window, /help, /quit")

    def _search(self, query: str) -> None:
        if not query:
            self._terminal.complain("search for what? /search order number")
            return
        try:
            self._terminal.found(self._talker.search(query))
        except BackendError as error:
            self._terminal.complain(str(error))
