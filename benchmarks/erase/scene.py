"""A conversation that is full of canaries: of one who is to be erased, and of a neighbour."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from retrieval.wire import MessageCreate, Role

WAYS = (
    "message",
    "participant",
    "everywhere",
    "conversation",
    "retention",
    "correction",
    "participant, killed",
    "conversation, killed",
)
OF_THE_PERSON = frozenset(WAYS) - {"message", "correction"}
"""Everything of a participant goes, not only what was said."""
OF_THE_SESSION = frozenset({"conversation", "conversation, killed", "retention"})
WHOLE = frozenset({"conversation", "conversation, killed"})
KILLED = frozenset({"participant, killed", "conversation, killed"})
OLD = timedelta(days=100)
WITHIN = timedelta(minutes=9)
ROLES: tuple[Role, ...] = ("user", "assistant", "system", "tool")

MESSAGES = "GET /conversations/{conversation_id}/messages"
EVENTS = "GET /conversations/{conversation_id}/events"
TURNS = "GET /conversations/{conversation_id}/turns"
TURN = "GET /conversations/{conversation_id}/turns/{question_id}"
EXPORT = "GET /conversations/{conversation_id}/export"
EDITS = "GET /conversations/{conversation_id}/messages/{message_id}/edits"
SEARCH = "POST /conversations/{conversation_id}/search"
FILES = "files of the tables"
OF_CONTENT = (
    "table message.content",
    "table message_term.lexeme",
    "table vocabulary.word",
    FILES,
    MESSAGES,
    EXPORT,
    SEARCH,
)


@dataclass
class Scene:
    """`said`: by the one who is to be erased, at `seqs`. `neighbours`: seqs of the other.

    `ids`: of the messages of both. `questions`: of turns whose question was never stored. `words`:
    the canaries.
    """

    way: str
    name: str
    key: str | None
    conversation_id: UUID
    person: str
    said: list[MessageCreate] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    neighbours: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def is_old(self) -> bool:
        return self.way == "retention"


@dataclass
class Clock:
    """Counts what is written in a scene: each a little later than the one before, all within
    some minutes, which are long ago for what is `old`.
    """

    number: int = 0
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def next(self) -> int:
        self.number += 1
        return self.number

    def moment(self, *, old: bool) -> datetime:
        return self.now - (OLD if old else WITHIN) + timedelta(seconds=self.number / 10)
