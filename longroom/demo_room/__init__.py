"""A room to try Longroom on: eight invented months of a lamp shop, and what to ask about them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files

from retrieval.wire import MessageCreate, MessageId

ROOM = "demo"
AGENT = "longroom"
QUESTIONS = (
    "Which order number did Wren give for the blinking lamps of the theatre?",
    "Where must parcels for Hal be left, and why?",
    "How long may customers keep a lamp before they return it?",
    "What is Ines allergic to?",
    "Why was the printer cursed?",
    "How do I reset a lamp that shows E-417?",
    "Who waters the fern, and how much?",
)
"""Each is answered by a message hundreds of messages before the rolling window."""
ABOUT = (
    "This is the support room of Puddlewick Lamps, eight invented months of it. The agent keeps the"
    " last 12 messages in its memory and recalls the rest when it matters. Ask it, for example:"
)

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SAID = re.compile(r"(\d{2}:\d{2}) (\w+): (.+)")


def messages() -> list[MessageCreate]:
    """Oldest first; few enough for one batch."""
    source = files(__package__).joinpath("room.txt").read_text(encoding="utf-8")
    return [
        MessageCreate(
            id=MessageId(f"demo-{number:04}"),
            role="assistant" if participant == AGENT else "user",
            participant=participant,
            content=content,
            created_at=created_at,
        )
        for number, (created_at, participant, content) in enumerate(_read(source), start=1)
    ]


def _read(source: str) -> Iterator[tuple[datetime, str, str]]:
    day = ""
    for number, line in enumerate(source.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        if DAY.fullmatch(line):
            day = line
            continue
        said = SAID.fullmatch(line)
        if said is None:
            raise ValueError(f"room.txt, line {number}: neither a day nor HH:MM Name: text")
        yield datetime.fromisoformat(f"{day}T{said[1]}").replace(tzinfo=UTC), said[2], said[3]
