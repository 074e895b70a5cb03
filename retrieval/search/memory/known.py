"""Facts about messages of a room in memory, and their cosines with a query."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from retrieval.columns import Integers, distinct
from retrieval.search.memory.arrays.inner_products import Singles
from retrieval.search.memory.conditions import allowed, speaker_fit
from retrieval.search.memory.room import Room
from retrieval.search.memory.vectors import Vectors
from retrieval.search.scoring.facts import Facts, facts_of
from retrieval.search.source import Known, Sought
from retrieval.search.vector.cosines import Cosines

_NONE: Final = np.zeros(0, dtype=np.int64)
NO_COSINES: Final = Cosines(_NONE, _NONE, np.zeros(0, dtype=np.bool_), np.zeros(0))


def known_of_all(room: Room, sought: Sought, query: Singles | None) -> Known:
    facts = _facts(room, sought, None).one_after_another()
    if query is None:
        return Known(facts, NO_COSINES)
    kinds = ((room.alone, False), (room.in_context, True))
    every = [_cosines(one, None, query, smoothed=kind) for one, kind in kinds]
    return Known(facts, every[0].joined(every[1]))


def known(
    room: Room, sought: Sought, query: Singles | None, *, seqs: Integers, kinds: Sequence[bool]
) -> Known:
    """Of those that exist."""
    wanted = distinct(seqs)
    places, exist = room.messages.places(wanted)
    cosines = NO_COSINES
    if query is not None:
        for kind in sorted(kinds):
            vectors = room.in_context if kind else room.alone
            at = vectors.places(wanted)
            cosines = cosines.joined(_cosines(vectors, at, query, smoothed=kind))
    return Known(_facts(room, sought, places[exist]), cosines)


def _facts(room: Room, sought: Sought, places: Integers | None) -> Facts:
    messages = room.messages
    return facts_of(
        seq=messages.column("seq", places),
        said=messages.column("created_at", places),
        speaker=messages.column("speaker", places),
        traits=messages.column("traits", places),
        words=messages.column("words", places),
        speaker_fit=speaker_fit(messages, sought.about, places),
        allowed=allowed(messages, sought.filters, places),
    )


def _cosines(
    vectors: Vectors, places: Integers | None, query: Singles, *, smoothed: bool
) -> Cosines:
    seq, passage = vectors.seq, vectors.passage
    if places is None:
        products = vectors.products(query)
    else:
        products = vectors.products_at(query, places)
        seq, passage = seq[places], passage[places]
    return Cosines(
        seq=seq,
        passage=passage.astype(np.int64),
        smoothed=np.full(len(products), smoothed),
        cosine=products.astype(np.float64),
    )
