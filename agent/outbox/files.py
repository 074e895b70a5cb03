"""The folder of outbox files: which file a room writes to, and which are left over.

`<conversation id>.<of the room's name>.sqlite3`; of programs without a room, and of versions before
rooms shared conversations, `<conversation id>.sqlite3`. Where one is held, the next has a number.
"""

import hashlib
import logging
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import UUID

from agent.errors import OutboxBusy, OutboxTooNew, OutboxUnwritable
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.storage.entry import STREAMS
from agent.outbox.storage.mark import marks_folder
from agent.outbox.store import OutboxStore

logger = logging.getLogger(__name__)

_SUFFIX = ".sqlite3"
_NUMBER = re.compile(r"\.\d+$")


def folder(data_dir: Path) -> Path:
    return data_dir / "outbox"


def open_file(
    data_dir: Path,
    conversation_id: UUID,
    *,
    room: str | None = None,
    metrics: OutboxMetrics | None = None,
    revision: int = 0,
) -> OutboxStore:
    """The room's file of a conversation, or the next free one if another process holds it.

    Takes in dead processes' entries, and what is whole of a damaged file; not those of other rooms,
    whose next agents look for their open questions there. `revision` is the conversation's now.
    Raises OutboxUnwritable.
    """
    metrics = metrics or OutboxMetrics()
    nobodys = str(conversation_id)
    name = nobodys if room is None else f"{nobodys}.{_short(room)}"
    number = 1
    while True:
        file = open_path(_path(data_dir, name, number), metrics)
        if file is not None:
            _merge_others(file, {name, nobodys}, metrics)
            if file.is_new and not file.count():
                file.begin_at(revision)
            return file
        number += 1


def open_path(
    path: Path, metrics: OutboxMetrics, *, held: int = logging.WARNING
) -> OutboxStore | None:
    """None if the file is held (logged at the level `held`) or too new. Raises OutboxUnwritable."""
    try:
        return OutboxStore(path, metrics=metrics)
    except (OutboxBusy, OutboxTooNew) as error:
        level = held if isinstance(error, OutboxBusy) else logging.WARNING
        logger.log(level, "outbox file passed over", extra={"reason": str(error)})
    return None


def _merge_others(file: OutboxStore, names: Collection[str], metrics: OutboxMetrics) -> None:
    paths = {path for name in names for path in file.path.parent.glob(f"{name}*{_SUFFIX}")}
    for path in sorted(paths):
        mergeable = path != file.path and _NUMBER.sub("", path.stem) in names
        other = open_path(path, metrics) if mergeable else None
        if other is None:
            continue
        # Added here before they are removed there: a crash in between doubles entries, which the
        # backend recognizes by their ids.
        try:
            left = [entry for stream in STREAMS for entry in other.waiting(stream)]
            file.add(left)
            other.remove(left)
        except OutboxUnwritable as error:
            logger.error("entries left in another file", extra={"reason": str(error)})
        finally:
            other.close()


def left_over(data_dir: Path) -> Iterator[tuple[Path, UUID]]:
    """Also of files that are gone while their mark is not: opening them tells what is lost."""
    marks = marks_folder(folder(data_dir)).glob(f"*{_SUFFIX}.mark")
    gone = {folder(data_dir) / path.stem for path in marks}
    for path in sorted(gone.union(folder(data_dir).glob(f"*{_SUFFIX}"))):
        try:
            yield path, UUID(path.name.split(".")[0])
        except ValueError:
            logger.warning("not an outbox file", extra={"file": str(path)})


def _path(data_dir: Path, name: str, number: int) -> Path:
    middle = "" if number == 1 else f".{number}"
    return folder(data_dir) / f"{name}{middle}{_SUFFIX}"


def _short(room: str) -> str:
    """A name of a room as a part of a file's; its letter tells it from a number."""
    return "r" + hashlib.blake2b(room.encode(), digest_size=6).hexdigest()
