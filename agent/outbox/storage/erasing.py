"""Takes what was erased out of an outbox file, with the copies that SQLite leaves in it."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from agent.errors import OutboxBusy
from agent.messages.erasures import Erasures
from agent.outbox.storage.contents import ENTRIES, LETTERS, entry_of
from agent.outbox.storage.entry import Entry, Write
from agent.outbox.storage.letters import ACCOUNT_FOR
from retrieval.wire import ConversationEvent, MessageCreate, SessionSummary, TextSpan, TurnTrace

NEEDS = "CREATE TABLE IF NOT EXISTS erased_to (revision INTEGER NOT NULL)"
KNOWS = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'erased_to'"
TOLD = "SELECT coalesce(max(revision), 0) FROM erased_to"
FORGET_TOLD = "DELETE FROM erased_to"
TELL = "INSERT INTO erased_to (revision) VALUES (?)"
DELETE_ENTRY = "DELETE FROM entry WHERE position = ?"
DELETE_LETTER = "DELETE FROM dead_letter WHERE position = ?"
REWRITE_ENTRY = "UPDATE entry SET body = ?, checksum = ? WHERE position = ?"
REWRITE_LETTER = "UPDATE dead_letter SET body = ?, checksum = ? WHERE position = ?"
DELETE_ENTRIES = "DELETE FROM entry"
DELETE_LETTERS = "DELETE FROM dead_letter"
NUMBERS = "SELECT stream, number FROM entry UNION ALL SELECT stream, number FROM dead_letter"


@dataclass(frozen=True)
class _Table:
    rows: str
    delete: str
    rewrite: str


_TABLES = (
    _Table(ENTRIES, DELETE_ENTRY, REWRITE_ENTRY),
    _Table(LETTERS, DELETE_LETTER, REWRITE_LETTER),
)


def erased_to(db: sqlite3.Connection) -> int:
    """The revision of the conversation up to which this file holds nothing erased."""
    if not db.execute(KNOWS).fetchone()[0]:
        return 0
    return int(db.execute(TOLD).fetchone()[0])


def tell_erased_to(db: sqlite3.Connection, revision: int) -> None:
    """In the caller's transaction."""
    db.execute(NEEDS)
    db.execute(FORGET_TOLD)
    db.execute(TELL, (revision,))


def erase(db: sqlite3.Connection, erasures: Erasures) -> list[str]:
    """Ids of the entries and dead letters that are gone. In the caller's transaction."""
    if erasures.everything:
        return _erase_all(db)
    gone = []
    for table in _TABLES:
        for entry in _entries(db, table.rows):
            left = _left_of(entry, erasures)
            if left is None:
                db.execute(table.delete, (entry.position,))
                db.execute(ACCOUNT_FOR, (entry.stream, entry.number))
                gone.append(entry.id)
            elif left is not entry:
                db.execute(table.rewrite, (left.body, left.checksum, left.position))
    return gone


def account_for(db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """They are neither waiting nor lost."""
    db.executemany(ACCOUNT_FOR, [(entry.stream, entry.number) for entry in entries])


def scrub(db: sqlite3.Connection) -> None:
    """Rewrite the file and empty its log: deleted rows stand in both for a while.

    Raises sqlite3.Error, and OutboxBusy while another process reads the file for long.
    """
    # secure_delete clears what is deleted, not the copies left where pages were split.
    db.execute("VACUUM")
    busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise OutboxBusy("an outbox's log is read by another process and cannot be emptied")


def _erase_all(db: sqlite3.Connection) -> list[str]:
    gone = [entry.id for table in _TABLES for entry in _entries(db, table.rows)]
    db.executemany(ACCOUNT_FOR, db.execute(NUMBERS).fetchall())
    db.execute(DELETE_ENTRIES)
    db.execute(DELETE_LETTERS)
    return gone


def _entries(db: sqlite3.Connection, query: str) -> Iterator[Entry]:
    """Those whose row is whole; damage is for the reader of what waits to find."""
    for row in db.execute(query).fetchall():
        if (entry := entry_of(tuple(row[:7]))) is not None:
            yield entry


def _left_of(entry: Entry, erasures: Erasures) -> Entry | None:
    """The entry itself if it holds nothing erased; None if it has to go."""
    try:
        match entry.stream:
            case "message":
                said = MessageCreate.model_validate_json(entry.body)
                return None if is_erased(said, erasures) else entry
            case "event":
                event = ConversationEvent.model_validate_json(entry.body)
                return None if is_erased(event, erasures) else entry
            case "turn":
                trace = TurnTrace.model_validate_json(entry.body)
                return None if is_erased(trace, erasures) else entry
            case "session":
                return _without_people(entry, erasures)
    except ValidationError:
        # Nobody can say whose it is: an older program's, or a receipt without its text.
        goes = erasures.covers_id(entry.id) or (erasures.people and entry.body)
        return None if goes else entry


def is_erased(write: Write, erasures: Erasures) -> bool:
    if isinstance(write, TurnTrace):
        return erasures.everything or _names_erased(write, erasures)
    if isinstance(write, ConversationEvent):
        return erasures.everything or _tells_of_erased(write, erasures)
    return erasures.covers_message(write)


def _tells_of_erased(event: ConversationEvent, erasures: Erasures) -> bool:
    """A transcription does not tell which message it became: all that still wait go."""
    if event.kind == "transcription" and erasures.ids:
        return True
    if erasures.covers_person(event.participant, said_at=event.created_at):
        return True
    of_messages = event.data.get("message_ids")
    named = [event.data.get("question_id"), event.data.get("asked_again")]
    named += of_messages if isinstance(of_messages, list) else []
    return any(isinstance(each, str) and erasures.covers_id(each) for each in named)


def _names_erased(trace: TurnTrace, erasures: Erasures) -> bool:
    """It does not tell who said what it names, nor when: where that matters, it goes."""
    return (
        bool(erasures.people or erasures.expired_before)
        or erasures.covers_id(trace.question_id)
        or any(map(erasures.covers_id, _named(trace)))
    )


def _named(trace: TurnTrace) -> Iterator[str]:
    for hit in trace.hits:
        yield from (hit.message_id, *hit.before, *hit.after, *hit.also_said.ids)
    yield from (shown.message_id for shown in trace.shown)
    yield from (part.message_id for part in trace.read_as or () if isinstance(part, TextSpan))
    yield from trace.cut


def _without_people(entry: Entry, erasures: Erasures) -> Entry:
    summary = SessionSummary.model_validate_json(entry.body)
    kept = [
        name
        for name in summary.participants
        if not erasures.covers_person(name, said_at=summary.started_at)
    ]
    if len(kept) == len(summary.participants):
        return entry
    body = summary.model_copy(update={"participants": kept}).model_dump_json()
    return replace(entry, body=body)
