"""Places in the timeline of a conversation, which merges what its tables have by time.

Of one time, sessions come first, then messages, turns and events, so that a turn follows the
message that asked for it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from retrieval.wire import MAX_COUNT, TimelineKind

RANKS: Final[dict[TimelineKind, int]] = {"session": 0, "message": 1, "turn": 2, "event": 3}
KINDS: Final[dict[int, TimelineKind]] = {rank: kind for kind, rank in RANKS.items()}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDTH = 10**17  # microseconds, beyond the year 5000


@dataclass(frozen=True)
class TimelinePlace:
    """Of an entry; `seq` of a message, `id` of others. As text it is a cursor."""

    at: datetime
    rank: int
    seq: int = 0
    id: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError."""
        micros, rank, key = _parts(text)
        if not -_WIDTH < micros < _WIDTH or rank not in KINDS or "\x00" in key:
            raise ValueError("is no cursor")
        at = _EPOCH + timedelta(microseconds=micros)
        if rank != RANKS["message"]:
            return cls(at, rank, id=key)
        seq = int(key) if key.isascii() and key.isdecimal() and len(key) < 17 else MAX_COUNT + 1
        if seq > MAX_COUNT:
            raise ValueError("is no cursor")
        return cls(at, rank, seq=seq)

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        key = self.seq if self.rank == RANKS["message"] else self.id
        return f"{micros}.{self.rank}.{key}"


def _parts(text: str) -> tuple[int, int, str]:
    micros, _, rest = text.partition(".")
    rank, dot, key = rest.partition(".")
    digits = micros.removeprefix("-")
    if not dot or not (digits + rank).isascii() or not digits.isdecimal() or len(digits) > 17:
        raise ValueError("is no cursor")
    if len(rank) != 1 or not rank.isdecimal():
        raise ValueError("is no cursor")
    return int(micros), int(rank), key


BEGINNING: Final = TimelinePlace(datetime(1, 1, 1, tzinfo=UTC), -1)
END: Final = TimelinePlace(datetime(9999, 12, 31, tzinfo=UTC), 9)


def before_all_of(at: datetime) -> TimelinePlace:
    """What happened at that time comes after it."""
    return TimelinePlace(at, -1)


def just_before(place: TimelinePlace) -> TimelinePlace:
    """Of a message or a time: nothing stands between the two, and what stands there comes after."""
    return replace(place, seq=place.seq - 1)
