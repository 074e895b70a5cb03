"""Labelled questions, and the conversations they are about."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from retrieval.wire import MessageCreate, WindowMessage

Phrasing = Literal["third", "first"]


@dataclass(frozen=True)
class LabelledQuestion:
    """`evidence`: ids of the messages that answer. `subject`: the person the question names."""

    text: str
    subject: str | None
    evidence: tuple[str, ...]
    category: str
    answerable: bool
    asker: str | None = None
    window: tuple[WindowMessage, ...] = ()
    """Messages just before the question."""
    asked_at: datetime | None = None
    """Only what was said before is searched; None: all."""


@dataclass(frozen=True)
class Dialogue:
    """Oldest message first."""

    name: str
    messages: list[MessageCreate]
    questions: list[LabelledQuestion]

    def in_first_person(self) -> "Dialogue":
        return replace(self, questions=[in_first_person(one) for one in self.questions])

    @property
    def participants(self) -> list[str]:
        return list(dict.fromkeys(message.participant for message in self.messages))


def in_first_person(question: LabelledQuestion) -> LabelledQuestion:
    """As its subject would ask it: the name becomes I or my, the subject the asker."""
    if question.subject is None:
        return question
    name = re.escape(question.subject)
    text = re.sub(rf"\b{name}(?:['’]s|['’])", "my", question.text, flags=re.IGNORECASE)
    text = re.sub(rf"\b{name}\b", "I", text, flags=re.IGNORECASE)
    return replace(question, text=text, asker=question.subject)
