"""Which messages a request allows, and which it prefers, as the statements say it."""

from collections.abc import Collection
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.columns import Flags, Floats, Integers, is_in
from retrieval.search.memory.arrays.names import Names
from retrieval.search.memory.messages import microseconds
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.vector.cosines import Preferred

ASSISTANT: Final = "assistant"
FEW: Final = 8

ColumnName = Literal["seq", "created_at", "role", "participant"]


class Said(Protocol):
    """Columns of what was said."""

    @property
    def names(self) -> Names:
        """Of roles and participants."""
        ...

    def column(self, name: ColumnName, places: Integers | None) -> Integers:
        """At these places, or all; moments in microseconds since 2000."""
        ...


def allowed(messages: Said, filters: Filters, places: Integers | None = None) -> Flags:
    """Of the messages at these places, or of all."""
    seq = messages.column("seq", places)
    flags: Flags = np.ones(len(seq), dtype=np.bool_)
    if filters.since is not None or filters.until is not None:
        said = messages.column("created_at", places)
        if filters.since is not None:
            flags &= said >= microseconds(filters.since)
        if filters.until is not None:
            flags &= said < microseconds(filters.until)
    if filters.participants is not None:
        flags &= _by(messages, filters.participants, places)
    if filters.roles is not None:
        flags &= _with_role(messages, filters.roles, places)
    if filters.excluded:
        flags &= ~is_in(np.sort(np.array(filters.excluded, dtype=np.int64)), seq)
    if filters.listed is not None:
        flags &= is_in(filters.listed, seq)
    return flags


def preference(messages: Said, preferred: Preferred, places: Integers) -> Floats:
    """Of the messages at these places, in cosines."""
    gain = np.zeros(len(places))
    if preferred.speaker_gain:
        gain += preferred.speaker_gain * speaker_fit(messages, preferred.about, places)
    if preferred.date_gain:
        said = messages.column("created_at", places)
        within = np.zeros(len(places), dtype=np.bool_)
        for start, end in preferred.spans:
            within |= (said >= microseconds(start)) & (said < microseconds(end))
        gain = gain + np.where(within, preferred.date_gain, 0.0)
    return gain


def speaker_fit(messages: Said, about: About, places: Integers | None = None) -> Integers:
    """1: by a speaker the query is about; -1: by the assistant if it is about a person; else 0."""
    asked = _by(messages, about.people, places)
    if about.role is not None:
        asked |= _with_role(messages, [about.role], places)
    if not about.people:
        return asked.astype(np.int64)
    assistant = _with_role(messages, [ASSISTANT], places)
    return np.where(asked, 1, np.where(assistant, -1, 0)).astype(np.int64)


def _by(messages: Said, people: Collection[str], places: Integers | None) -> Flags:
    return _any_of(messages.column("participant", places), messages.names.numbers(people))


def _with_role(messages: Said, roles: Collection[str], places: Integers | None) -> Flags:
    return _any_of(messages.column("role", places), messages.names.numbers(roles))


def _any_of(values: Integers, wanted: NDArray[np.int32]) -> Flags:
    """As np.isin, in a fraction of the time where few are wanted."""
    if len(wanted) > FEW:
        return np.isin(values, wanted)
    found = np.zeros(len(values), dtype=np.bool_)
    for one in wanted.tolist():
        found |= values == one
    return found
