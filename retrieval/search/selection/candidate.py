"""A message that may become a hit, and what is read in its text."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from retrieval.search.selection.texts.content import MAX_CHARS, Content
from retrieval.search.selection.texts.questions import asks
from retrieval.wire import Message

FEWER_WORDS: Final = 0.25
"""Share of another's part `words` below which a message is about something else, such as another
name, in whatever spelling the query has it."""
PARTS: Final = ("repeat", "order", "correction", "polarity", "answer")


@dataclass(eq=False)
class Candidate:
    place: int
    """In the ranking."""
    message: Message
    content: Content
    score: float
    """Changes while messages are put in order."""
    words: float = 0.0
    """The part of the score: apart, the query tells two messages apart, in whatever spelling."""
    speaker_fit: float = 0.0
    """As in Facts."""
    follows: int | None = None
    """The place of the message just before it by the same speaker, if it may correct that."""
    gains: dict[str, float] = field(default_factory=dict)
    """By part: what the selection added to the score."""
    also: list[Message] = field(default_factory=list)
    """Messages that it stands for."""

    @cached_property
    def asks(self) -> bool:
        return asks(self.message.content, self.content)

    @property
    def text(self) -> str:
        """What is read of the message: patterns in a long text would hold up other searches."""
        return self.message.content[:MAX_CHARS]

    @property
    def said(self) -> tuple[datetime, int]:
        """Orders by time; messages of one moment by arrival."""
        return self.message.created_at, self.message.seq

    @property
    def moved(self) -> dict[str, float]:
        """All parts of the selection."""
        return dict.fromkeys(PARTS, 0.0) | self.gains

    def gain(self, part: str, amount: float) -> None:
        self.score += amount
        self.gains[part] = self.gains.get(part, 0.0) + amount
