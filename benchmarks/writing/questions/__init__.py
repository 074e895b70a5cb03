"""Questions by hand about messy chats in which several people and the agent write.

A chat is a text file with one message a line: days ago, time (UTC), speaker, a mark if a question
is about it, text. Questions name their evidence by these marks: any of them may come first.
The first chat is one to tune on, the second was written to judge on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from benchmarks.writing.questions import band, house
from benchmarks.writing.trial import Chat, Draw, Row, Said

Question = tuple[str, str, str]
"""The asker, the text, the marks."""

CHATS: dict[str, Sequence[Question]] = {"house": house.QUESTIONS, "band": band.QUESTIONS}


@dataclass(frozen=True)
class Line:
    said: Said
    mark: str


def rows(draw: Draw) -> dict[str, list[Row]]:
    """By chat, in the order of its questions; ages count from the day of the run."""
    return {name: _rows(name, questions, draw) for name, questions in CHATS.items()}


def lines(name: str) -> list[Line]:
    text = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8")
    return [_line(one) for one in text.splitlines() if one.strip()]


def _rows(name: str, questions: Sequence[Question], draw: Draw) -> list[Row]:
    kept = lines(name)
    midnight = datetime.combine(draw.today, time(), UTC)
    since_midnight = (draw.now - midnight) / timedelta(days=1)
    chat = Chat(tuple(_aged(line.said, since_midnight) for line in kept))
    places = {line.mark: place for place, line in enumerate(kept) if line.mark}
    return [
        Row(chat, asked, frozenset(places[mark] for mark in marks.split()), asker=asker)
        for asker, asked, marks in questions
    ]


def _line(text: str) -> Line:
    """`days_ago` counts from midnight of the day of the run."""
    days, at, rest = text.split(" ", 2)
    speaker, _, said = rest.partition(": ")
    mark = ""
    if said.startswith("["):
        mark, _, said = said[1:].partition("] ")
    hours, minutes = map(int, at.split(":"))
    age = int(days) - (hours + minutes / 60) / 24
    return Line(Said(said, age, speaker, "assistant" if speaker == "Agent" else "user"), mark)


def _aged(said: Said, since_midnight: float) -> Said:
    return Said(said.text, said.days_ago + since_midnight, said.speaker, said.role)
