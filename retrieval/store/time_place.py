"""Places in lists that are in the order of time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self


@dataclass(frozen=True)
class TimePlace:
    """Of a record by its time, and of one time by its id; as text it is a page's `next`."""

    at: datetime
    id: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError."""
        moment, _, record_id = text.partition(" ")
        at = datetime.fromisoformat(moment)
        # What PostgreSQL takes, whatever the zone.
        if at.tzinfo is None or not 2 <= at.year <= 9998 or not record_id or "\x00" in record_id:
            raise ValueError("is no place in a list")
        return cls(at, record_id)

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.id}"
