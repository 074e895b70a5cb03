"""Labelled questions, and the conversations they are about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from retrieval.wire import MessageCreate, MessageId, WindowMessage

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
    place: str = field(default="", compare=False)
    """Where it stands in its file, such as "line 7"."""


@dataclass(frozen=True)
class BadEvidence:
    """An id that names no message; `place` is its question's."""

    place: str
    field: str
    id: str


@dataclass(frozen=True)
class Dialogue:
    """Oldest message first."""

    name: str
    messages: list[MessageCreate]
    questions: list[LabelledQuestion]
    bad_evidence: Sequence[BadEvidence] = ()

    def in_first_person(self) -> "Dialogue":
        return replace(self, questions=[in_first_person(one) for one in self.questions])

    @property
    def participants(self) -> list[str]:
        return list(dict.fromkeys(message.participant for message in self.messages))


def shared_id(dialogue: str, message_id: str) -> MessageId:
    """Of a message, where several dialogues are in one room."""
    return MessageId(f"{dialogue}/{message_id}")


def in_first_person(question: LabelledQuestion) -> LabelledQuestion:
    """As its subject would ask it: the name becomes I or my, the subject the asker."""
    if question.subject is None:
        return question
    name = re.escape(question.subject)
    text = re.sub(rf"\b{name}(?:['’]s|['’])", "my", question.text, flags=re.IGNORECASE)
    text = re.sub(rf"\b{name}\b", "I", text, flags=re.IGNORECASE)
    return replace(question, text=text, asker=question.subject)
