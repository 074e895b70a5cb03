"""What a format is: it takes a file apart into records, which the import then checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from longroom.transfer.source import Source


@dataclass(frozen=True)
class Record:
    """One message as its file has it, not yet checked."""

    line: int
    """Grows through the file, from 1: an interrupted import continues behind it."""
    raw: bytes
    """For the file of rejected lines."""
    fields: Mapping[str, object]
    """Those of a JSONL line. A `created_at` without zone is read in that of `--time-zone`."""
    place: str | None = None
    """Where a person finds it; None: in that line."""


@dataclass(frozen=True)
class Rejected:
    """`reason` names the field and what to change."""

    line: int
    raw: bytes
    reason: str
    place: str | None = None

    @property
    def where(self) -> str:
        return self.place or f"line {self.line}"


class Format(Protocol):
    name: ClassVar[str]
    has_local_times: ClassVar[bool]
    """Whether no time of such files has a zone: an import then asks for one first."""

    def recognises(self, source: Source) -> bool:
        """By its names, or `head`, without reading it; False unless sure."""
        ...

    def records(self, source: Source) -> Iterator[Record | Rejected]:
        """All of them in the file's order; each time the same, so that an import can continue."""
        ...
