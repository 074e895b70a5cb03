"""Reads a data set from JSON Lines: messages and questions of many conversations in one file."""

import gzip
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from longroom.evaluation.questions import BadEvidence, Dialogue, LabelledQuestion
from retrieval.errors import RetrievalError
from retrieval.wire import (
    MAX_QUERY_CHARS,
    MAX_WINDOW_MESSAGE_CHARS,
    MAX_WINDOW_MESSAGES,
    MessageCreate,
    Role,
    WindowMessage,
)

_Id = Annotated[str, StringConstraints(min_length=1)]


class DatasetUnreadable(RetrievalError):
    """The message names file, line and field."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    conversation: _Id


class _MessageLine(_Line):
    kind: Literal["message"]
    id: _Id
    participant: _Id
    role: Role
    created_at: str
    content: str

    def message(self) -> MessageCreate:
        return MessageCreate.model_validate(
            self.model_dump(exclude={"kind", "conversation"}) | {"interrupted": False}
        )


class _QuestionLine(_Line):
    kind: Literal["question"]
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_QUERY_CHARS)]
    subject: str | None = None
    evidence: list[_Id] = Field(default_factory=list)
    category: str = "all"
    answerable: bool = True
    asker: str | None = None
    asked_at: AwareDatetime | None = None
    window: Annotated[list[_Id], Field(max_length=MAX_WINDOW_MESSAGES)] = []
    """Ids of the messages just before it, oldest first."""

    def question(self, said: Mapping[str, MessageCreate], number: int) -> LabelledQuestion:
        return LabelledQuestion(
            text=self.text,
            subject=self.subject,
            evidence=tuple(self.evidence),
            category=self.category,
            answerable=self.answerable,
            asker=self.asker,
            asked_at=self.asked_at,
            window=tuple(_window_message(said[one]) for one in self.window if one in said),
            place=_place(number),
        )

    def bad_evidence(self, said: Mapping[str, MessageCreate], number: int) -> list[BadEvidence]:
        return [
            BadEvidence(_place(number), f"evidence[{place}]", one)
            for place, one in enumerate(self.evidence)
            if one not in said
        ]


_KINDS: dict[str, type[_MessageLine | _QuestionLine]] = {
    "message": _MessageLine,
    "question": _QuestionLine,
}


def read_jsonl(path: Path) -> list[Dialogue]:
    """Ordered by first message, without blank messages. Raises DatasetUnreadable."""
    messages: defaultdict[str, dict[str, MessageCreate]] = defaultdict(dict)
    questions: defaultdict[str, list[tuple[_QuestionLine, int]]] = defaultdict(list)
    with opened(path) as lines:
        for number, text in enumerate(lines, start=1):
            if not text.strip():
                continue
            line = _line(text, number)
            if isinstance(line, _QuestionLine):
                questions[line.conversation].append((line, number))
            elif line.content.strip():
                _add(messages[line.conversation], line, number)
    for name in questions:
        if name not in messages:
            raise DatasetUnreadable(f"conversation {name!r} has questions but no message")
    return [
        Dialogue(
            name,
            [*said.values()],
            [line.question(said, number) for line, number in questions[name]],
            [bad for line, number in questions[name] for bad in line.bad_evidence(said, number)],
        )
        for name, said in messages.items()
    ]


def opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _line(text: str, number: int) -> _MessageLine | _QuestionLine:
    try:
        entry: Any = json.loads(text)
    except ValueError as error:
        raise DatasetUnreadable(f"line {number} is not JSON: {error}") from error
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise DatasetUnreadable(f"line {number}, kind: must be 'message' or 'question'")
    try:
        return _KINDS[kind].model_validate(entry)
    except ValidationError as error:
        raise _located(error, number) from error


def _add(said: dict[str, MessageCreate], line: _MessageLine, number: int) -> None:
    if line.id in said:
        raise DatasetUnreadable(f"line {number}, id: {line.id!r} is taken by an earlier message")
    try:
        said[line.id] = line.message()
    except ValidationError as error:
        raise _located(error, number) from error


def _place(number: int) -> str:
    return f"line {number}"


def _window_message(message: MessageCreate) -> WindowMessage:
    return WindowMessage(
        role=message.role,
        participant=message.participant,
        content=message.content[:MAX_WINDOW_MESSAGE_CHARS],
    )


def _located(error: ValidationError, number: int) -> DatasetUnreadable:
    first = error.errors()[0]
    field = "".join(f"[{part}]" if isinstance(part, int) else str(part) for part in first["loc"])
    return DatasetUnreadable(f"line {number}, {field}: {first['msg']}")
