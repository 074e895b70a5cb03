"""The messages of a room in memory: columns of what all are asked about, and a record of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final, Literal

import numpy as np
import orjson

from retrieval.columns import Flags, Integers
from retrieval.search.memory.arrays.growing import Growing
from retrieval.search.memory.arrays.names import Names
from retrieval.search.memory.arrays.texts import Texts
from retrieval.search.memory.news import MessageColumns
from retrieval.store.stored_before import message_of
from retrieval.wire import Message

YEAR_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""From which PostgreSQL counts."""
_MICROSECOND: Final = timedelta(microseconds=1)

_CONTENT: Final = 1
"""In a record."""

ColumnName = Literal["seq", "created_at", "speaker", "words", "traits", "role", "participant"]


def microseconds(moment: datetime) -> int:
    """Since 2000."""
    return (moment - YEAR_2000) // _MICROSECOND


@dataclass(frozen=True, repr=False)
class Spoken:
    seq: int
    participant: str
    content: str


@dataclass(frozen=True, eq=False, repr=False)
class Messages:
    """Aligned, by ascending `seq`; a message's place is its index."""

    _seq: Growing[np.int64]
    _created_at: Growing[np.int64]
    _speaker: Growing[np.int32]
    _words: Growing[np.int32]
    _traits: Growing[np.int16]
    _role: Growing[np.int32]
    _participant: Growing[np.int32]
    names: Names
    """Of roles and participants."""
    _records: Texts

    @classmethod
    def empty(cls) -> "Messages":
        return cls(
            Growing.empty(np.int64),
            Growing.empty(np.int64),
            Growing.empty(np.int32),
            Growing.empty(np.int32),
            Growing.empty(np.int16),
            Growing.empty(np.int32),
            Growing.empty(np.int32),
            Names(),
            Texts.empty(),
        )

    def __len__(self) -> int:
        return len(self._seq)

    @property
    def nbytes(self) -> int:
        growing = (self._seq, self._created_at, self._speaker, self._words, self._traits)
        numbers = (*growing, self._role, self._participant)
        return sum(one.nbytes for one in numbers) + self.names.nbytes + self._records.nbytes

    @property
    def seq(self) -> Integers:
        return self._seq.values

    @property
    def last_seq(self) -> int:
        """0 without messages."""
        return int(self.seq[-1]) if len(self) else 0

    @property
    def created_at(self) -> Integers:
        """Microseconds since 2000."""
        return self._created_at.values

    def column(self, name: ColumnName, places: Integers | None) -> Integers:
        """At these places, or all."""
        growing: Growing[np.int64] = getattr(self, f"_{name}")
        values = growing.values if places is None else growing.values[places]
        return values.astype(np.int64, copy=False)

    def extended(self, new: MessageColumns) -> "Messages":
        """`new` has what comes behind the last one."""
        if len(new) == 0:
            return self
        return Messages(
            self._seq.extended(new.seq),
            self._created_at.extended(new.created_at),
            self._speaker.extended(new.speaker),
            self._words.extended(new.words),
            self._traits.extended(new.traits),
            self._role.extended(self.names.add(new.role)),
            self._participant.extended(self.names.add(new.participant)),
            self.names,
            self._records.extended([*_records(new)]),
        )

    def places(self, seqs: Integers) -> tuple[Integers, Flags]:
        """The place of each, and whether it exists: where it does not, the place is any."""
        seq = self.seq
        if len(seq) == 0:
            return np.zeros(len(seqs), dtype=np.int64), np.zeros(len(seqs), dtype=np.bool_)
        first, last = int(seq[0]), int(seq[-1])
        if last - first + 1 == len(seq):
            at = np.minimum(np.maximum(seqs - first, 0), len(seq) - 1)
        else:
            at = np.minimum(np.searchsorted(seq, seqs), len(seq) - 1)
        return at, seq[at] == seqs

    def of(self, seqs: Iterable[int]) -> dict[int, Message]:
        """By seq, of those that exist."""
        wanted = np.fromiter(seqs, dtype=np.int64)
        places, exist = self.places(wanted)
        messages = map(_message, self._rows(places[exist]))
        return {message.seq: message for message in messages}

    def _rows(self, places: Integers) -> Iterator[tuple[int, int, str, str, bytes]]:
        """The seq, the time, the role, the participant and the record of each."""
        names = self.names
        return zip(
            self.column("seq", places).tolist(),
            self.column("created_at", places).tolist(),
            map(names.__getitem__, self.column("role", places).tolist()),
            map(names.__getitem__, self.column("participant", places).tolist()),
            self._records.at(places),
            strict=True,
        )

    def behind(self, seq: int) -> Iterator[Spoken]:
        """What was said after that message, as the text layer reads it."""
        first = int(np.searchsorted(self.seq, seq, side="right"))
        for number, _, _, participant, record in self._rows(np.arange(first, len(self))):
            yield Spoken(number, participant, orjson.loads(record)[_CONTENT])

    @cached_property
    def by_time(self) -> Integers:
        """Places in the order in which the messages were said."""
        return np.argsort(self.created_at, kind="stable")

    @cached_property
    def rank(self) -> Integers:
        """Of each place, its index in `by_time`."""
        rank = np.empty(len(self), dtype=np.int64)
        rank[self.by_time] = np.arange(len(self))
        return rank


def _message(row: tuple[int, int, str, str, bytes]) -> Message:
    seq, created_at, role, participant, record = row
    message_id, content, metadata, interrupted, epoch, room, edited_at = orjson.loads(record)
    return message_of(
        {
            "message_id": message_id,
            "seq": seq,
            "role": role,
            "participant": participant,
            "content": content,
            "created_at": _moment(created_at),
            "interrupted": interrupted,
            "metadata": metadata,
            "late_epoch": epoch,
            "room": room,
            "edited_at": None if edited_at is None else _moment(edited_at),
        }
    )


def _moment(since_2000: int) -> datetime:
    return YEAR_2000 + timedelta(microseconds=since_2000)


def _records(new: MessageColumns) -> Iterator[bytes]:
    rows = zip(
        new.message_id,
        new.content,
        new.metadata,
        new.interrupted,
        new.epoch,
        new.room,
        new.edited_at,
        strict=True,
    )
    for *told, edited_at in rows:
        yield orjson.dumps([*told, None if edited_at is None else microseconds(edited_at)])
