"""Finds dead letters, also in the outboxes of running agents."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from agent.errors import OutboxBusy
from agent.outbox.files import left_over
from agent.outbox.storage.entry import DeadLetter, Entry
from agent.outbox.storage.erasing import scrub
from agent.outbox.storage.letters import all_letters, forget
from agent.outbox.store import OutboxStore
from longroom.errors import CommandFailed, ConfigurationError

_WAIT_S = 10.0
_SHORT_CHARS = 8
_OLDEST_FORMAT = 1


@dataclass(frozen=True)
class FoundLetter:
    path: Path
    conversation_id: UUID
    letter: DeadLetter

    @property
    def key(self) -> str:
        """Short enough to type: the conversation's first digits, and the place in its file."""
        name = self.path.stem
        return f"{name[:_SHORT_CHARS]}{name[len(str(self.conversation_id)) :]}/{self._place}"

    @property
    def full_key(self) -> str:
        return f"{self.path.stem}/{self._place}"

    @property
    def _place(self) -> int:
        return self.letter.entry.position


def find_letters(data_dir: Path, *, unreadable: Callable[[str], None]) -> list[FoundLetter]:
    """Oldest first within a file; `unreadable` is told of each file that gives none up."""
    found = []
    for path, conversation_id in left_over(data_dir):
        if not path.exists():
            continue
        try:
            letters = _read(path)
        except sqlite3.Error as error:
            unreadable(f"{path} cannot be read ({error}); the next agent of its room repairs it")
            continue
        found += [FoundLetter(path, conversation_id, letter) for letter in letters]
    return found


def chosen(letters: Sequence[FoundLetter], keys: Iterable[str]) -> Iterator[FoundLetter]:
    """In the order of the keys. Raises ConfigurationError for one that names no letter or two."""
    for key in keys:
        found = [each for each in letters if key in {each.key, each.full_key}]
        if not found:
            raise ConfigurationError(
                f"there is no dead letter {key!r}; `longroom dead-letters list` shows their keys"
            )
        if len(found) > 1:
            names = " or ".join(each.full_key for each in found)
            raise ConfigurationError(f"{key!r} is not one letter; write {names}")
        yield found[0]


def remove_letters(path: Path, letters: Sequence[DeadLetter]) -> None:
    """Also while an agent holds the file. Raises OutboxError, CommandFailed."""
    try:
        file = OutboxStore(path)
    except OutboxBusy:
        _remove_beside_its_holder(path, letters)
        return
    file.forget(letters)
    file.close()


def _read(path: Path) -> list[DeadLetter]:
    with closing(_connect(path, "ro")) as db:
        if db.execute("PRAGMA user_version").fetchone()[0] == _OLDEST_FORMAT:
            return [_of_format_1(row) for row in db.execute(OLD_LETTERS)]
        return all_letters(db)


OLD_LETTERS = """
SELECT position, stream, id, body, accepted_at, reason, set_aside_at
FROM dead_letter ORDER BY position
"""


def _of_format_1(row: tuple[int, str, str, str, str, str, str]) -> DeadLetter:
    position, stream, id_, body, accepted_at, reason, set_aside_at = row
    entry = Entry(stream, id_, body, position, 0, accepted_at)  # type: ignore[arg-type]
    return DeadLetter(entry, reason, set_aside_at)


def _remove_beside_its_holder(path: Path, letters: Sequence[DeadLetter]) -> None:
    try:
        with closing(_connect(path, "rw")) as db:
            db.execute("BEGIN IMMEDIATE")
            forget(db, letters)
            db.execute("COMMIT")
            scrub(db)
    except OutboxBusy:
        return  # its holder's next clean-up empties the log
    except sqlite3.Error as error:
        raise CommandFailed(
            f"{path} cannot be written ({error}); what was resent stays in it, "
            "and resending it again changes nothing"
        ) from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.resolve().as_uri()}?mode={mode}"
    db = sqlite3.connect(address, uri=True, timeout=_WAIT_S, isolation_level=None)
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    return db
