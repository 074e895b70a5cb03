"""The codes of a conversation, which tell where its nearest messages are likely to be."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retrieval.columns import Integers
from retrieval.search.memory.arrays.codes import Codes, Frame
from retrieval.search.memory.arrays.growing import Growing
from retrieval.search.memory.arrays.inner_products import Singles, halved
from retrieval.search.memory.arrays.names import Names
from retrieval.search.memory.conditions import ColumnName, allowed, preference
from retrieval.search.memory.version import Marks, Version
from retrieval.search.source import Wanted
from retrieval.search.vector.cosines import Target

LONGEST_TAIL: Final = 5000
"""Messages behind the mark, which the database compares with each search."""


@dataclass(frozen=True)
class Page:
    """Of context vectors, by ascending seq: aligned."""

    seq: Integers
    created_at: Integers
    """Microseconds since 2000."""
    participant: list[str]
    role: list[str]
    rows: Singles


@dataclass(frozen=True, eq=False, repr=False)
class CodedRoom:
    """Of all context vectors up to a mark, while the version stands."""

    language: str
    version: Version
    mark: int
    codes: Codes
    names: Names
    """Of roles and participants."""
    _seq: Growing[np.int64]
    _created_at: Growing[np.int64]
    _participant: Growing[np.int32]
    _role: Growing[np.int32]

    @classmethod
    def empty(cls, language: str, version: Version, *, mark: int, like: Singles) -> "CodedRoom":
        """For rows like these."""
        return cls(
            language,
            version,
            mark,
            Codes.empty(Frame.of(like)),
            Names(),
            Growing.empty(np.int64),
            Growing.empty(np.int64),
            Growing.empty(np.int32),
            Growing.empty(np.int32),
        )

    def __len__(self) -> int:
        return len(self._seq)

    @property
    def nbytes(self) -> int:
        facts = (self._seq, self._created_at, self._participant, self._role)
        return self.codes.nbytes + sum(one.nbytes for one in facts) + self.names.nbytes

    @property
    def marks(self) -> Marks:
        """Nothing but context vectors is known; what lies behind is the database's to tell."""
        return Marks(self.mark, self.mark, self.mark, self.mark)

    @property
    def message_count(self) -> int:
        return len(self)

    def extended(self, page: Page) -> "CodedRoom":
        """`page` is behind the last one."""
        return CodedRoom(
            self.language,
            self.version,
            self.mark,
            self.codes.extended(page.rows),
            self.names,
            self._seq.extended(page.seq),
            self._created_at.extended(page.created_at),
            self._participant.extended(self.names.add(page.participant)),
            self._role.extended(self.names.add(page.role)),
        )

    def likely(self, target: Target, wanted: Wanted) -> Integers:
        """`seq` of some hundred messages up to the mark, the nearest among them; ascending."""
        fits = allowed(self, wanted.filters) if wanted.filters.any else None
        gains = None
        if wanted.preferred.any:
            gains = preference(self, wanted.preferred, np.arange(len(self)))
        likely = self.codes.likely(halved(target.vector), allowed=fits, gains=gains)
        return self._seq.values[likely]

    def column(self, name: ColumnName, places: Integers | None) -> Integers:
        """At these places, or all."""
        growing: Growing[np.int64] = getattr(self, f"_{name}")
        values = growing.values if places is None else growing.values[places]
        return values.astype(np.int64, copy=False)
