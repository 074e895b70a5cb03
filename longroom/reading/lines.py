"""Rooms, messages and hits as lines for people. What others wrote cannot steer the terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from longroom.terminal_text import plain
from retrieval.wire import Message, RetrievalHit, RoomOverview, SearchResponse

UNDER = "    "


def room_lines(rooms: Sequence[RoomOverview]) -> Iterator[str]:
    """When last active, messages, coverage, name."""
    for room in rooms:
        covered = "-" if room.coverage is None else f"{room.coverage:.0%}"
        yield f"{_moment(room.active_at)}  {room.messages:>9,}  {covered:>5}  {plain(room.name)}"


def message_lines(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        yield f"{_said(message)}  {_text(message.content)}"


def hit_lines(hits: Sequence[RetrievalHit], *, explain: bool) -> Iterator[str]:
    """Best first; `explain` adds the parts of each score, and who found it."""
    for hit in hits:
        text = hit.message.content if hit.excerpt is None else hit.excerpt
        yield f"{hit.score:5.2f}  {_said(hit.message)}  {_text(text)}"
        if explain:
            parts = [f"{name} {value:.3f}" for name, value in (hit.parts or {}).items()]
            yield UNDER + ", ".join([*parts, f"found by {' and '.join(hit.found_by) or 'neither'}"])


def notes(found: SearchResponse) -> Iterator[str]:
    """What a reader of the hits should know."""
    if not found.relevant:
        yield "nothing in the room seems to answer it"
    if found.read_as is not None:
        yield f"read as {plain(found.read_as)!r}"
    if found.degraded:
        yield f"without {' and '.join(found.degraded)}, which failed"
    if found.pending:
        yield f"{found.pending:,} messages have no embedding yet, and are found by their words only"


def _said(message: Message) -> str:
    return f"{_moment(message.created_at)}  {plain(message.participant)}:"


def _moment(at: datetime) -> str:
    """On this machine's clock."""
    return at.astimezone().isoformat(sep=" ", timespec="seconds")


def _text(text: str) -> str:
    return f"\n{UNDER}".join(plain(line) for line in text.splitlines())
