"""Reports rejected lines: the first on stderr, all in a file, and at the end how many and why."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from longroom.errors import ConfigurationError
from longroom.transfer.formats.format import Rejected
from longroom.transfer.reasons import ReasonCounts

SHOWN = 20
SHOWN_REASONS = 8


class RejectsReport:
    """Writes {"line", "place"?, "reason", "text"} as JSONL; `path` None: all on stderr, no file.
    The file is created with the first rejected line; a resumed import appends to it.
    """

    def __init__(self, path: Path | None, *, resumed: bool) -> None:
        self.path = path
        self._mode = "ab" if resumed else "wb"
        self._file: BinaryIO | None = None
        self._shown = 0

    def write(self, rejected: Iterable[Rejected]) -> None:
        for each in rejected:
            self._show(each)
            self._keep(each)
        if self._file:
            self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _show(self, rejected: Rejected) -> None:
        if self.path and self._shown == SHOWN:
            sys.stderr.write(f"… the others are in {self.path}\n")
        if not self.path or self._shown < SHOWN:
            sys.stderr.write(f"{rejected.where}: {rejected.reason}\n")
        self._shown += 1

    def _keep(self, rejected: Rejected) -> None:
        if not self.path:
            return
        text = rejected.raw.decode(errors="replace")
        place = {"place": rejected.place} if rejected.place else {}
        record = {"line": rejected.line, **place, "reason": rejected.reason, "text": text}
        try:
            if self._file is None:
                self._file = cast("BinaryIO", self.path.open(self._mode))
            self._file.write(orjson.dumps(record) + b"\n")
        except OSError as error:
            raise ConfigurationError(
                f"cannot write the rejected lines to {self.path} ({error.strerror});"
                " name another place with --rejects"
            ) from error


def told(count: int, reasons: ReasonCounts, *, path: Path | None) -> str:
    """Lines for a terminal: where rejected lines are, and how many for which reason."""
    if path is None:
        where = "kept in no file: --rejects FILE keeps what standard input has"
    else:
        where = f"in {path.absolute()}, each with its line and reason"
    lines = [f"{_lines(count)} rejected, {where}:"]
    shown = reasons.most_frequent()[:SHOWN_REASONS]
    lines += [f"{each.count:>9,}  {each.first.where}: {each.first.reason}" for each in shown]
    if others := reasons.total - sum(each.count for each in shown):
        lines.append(f"{others:>9,}  for other reasons")
    if earlier := count - reasons.total:
        lines.append(f"{earlier:>9,}  by the import that was interrupted")
    return "\n".join(lines) + "\n"


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"
