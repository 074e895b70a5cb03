"""What is stored, what is asked of it, and which of the hits is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Literal

MINUTES_A_DAY = 1440
Expectation = Literal["first", "first and relevant", "silence"]


@dataclass(frozen=True)
class Said:
    text: str
    days_ago: float
    speaker: str = "Ada"
    role: Literal["user", "assistant"] = "user"


@dataclass(frozen=True)
class Chat:
    """`language` of the room; None leaves the backend's default."""

    said: tuple[Said, ...]
    language: str | None = None


@dataclass(frozen=True)
class Row:
    """`right` are places in the chat; one of them must be among the first hits, `within` many."""

    chat: Chat
    query: str
    right: frozenset[int]
    expects: Expectation = "first"
    asker: str | None = None
    within: int = 1
    time_zone: str = "UTC"


@dataclass(frozen=True)
class SubKind:
    """Rows in one way of writing, and the same in plain writing."""

    name: str
    rows: tuple[Row, ...]
    controls: tuple[Row, ...]


@dataclass(frozen=True)
class Draw:
    """Where a kind's generator takes its names, numbers and days from."""

    seed: str
    rows: int
    now: datetime
    """In UTC."""

    @property
    def today(self) -> date:
        return self.now.date()

    def random(self, *path: str) -> Random:
        """The same for the same path and seed, whatever else is drawn."""
        return Random("/".join((self.seed, *path)))  # noqa: S311 - no secrets


Generator = Callable[[Draw], list[SubKind]]


def plain(value: str) -> str:
    return value


def spread(texts: Sequence[str], *, language: str | None = None) -> Chat:
    """A message every two minutes, the last two minutes ago: one stretch of talk."""
    count = len(texts)
    said = (Said(text, (count - place) * 2 / MINUTES_A_DAY) for place, text in enumerate(texts))
    return Chat(tuple(said), language)


@dataclass(frozen=True)
class Alike:
    """Messages that differ in one value only, `{x}`, each asked for by its value."""

    values: tuple[str, ...]
    said: str
    asked: str
    language: str | None = None
    expects: Expectation = "first"

    def rows(
        self,
        *,
        said: Callable[[str], str] = plain,
        asked: Callable[[str], str] = plain,
        whole: Callable[[str, str], str] | None = None,
        whole_asked: Callable[[str, str], str] | None = None,
    ) -> tuple[Row, ...]:
        """`said` and `asked` write the value; `whole…` rewrite the sentence, given it and the value."""
        texts = [_written(self.said, said(value), whole) for value in self.values]
        chat = spread(texts, language=self.language)
        return tuple(
            Row(
                chat,
                _written(self.asked, asked(value), whole_asked),
                frozenset([place]),
                self.expects,
            )
            for place, value in enumerate(self.values)
        )


def _written(sentence: str, value: str, whole: Callable[[str, str], str] | None) -> str:
    text = filled(sentence, value)
    return whole(text, value) if whole else text


def filled(sentence: str, value: str) -> str:
    """`{l}` and `{u}` stand for the value in lower and upper case."""
    cased = sentence.replace("{l}", value.lower()).replace("{u}", value.upper())
    return cased.replace("{x}", value)
