"""The messages nearest to a query, among those of a room in memory."""

import numpy as np

from retrieval.columns import Flags, Floats, Integers, best_places
from retrieval.search.memory.arrays.inner_products import Singles
from retrieval.search.memory.arrays.matrices import ROUNDING
from retrieval.search.memory.conditions import allowed, preference
from retrieval.search.memory.messages import Messages
from retrieval.search.memory.room import Room
from retrieval.search.memory.vectors import Vectors
from retrieval.search.query.filters import Filters
from retrieval.search.source import Wanted
from retrieval.search.vector.cosines import Nearest, Preferred, best_messages


def nearest(room: Room, query: Singles, wanted: Wanted) -> Integers:
    """Best first; of equal ones the newest."""
    if not wanted.smoothed:
        return best_messages([_nearest(room, room.alone, query, wanted)], limit=wanted.limit)
    parts = [_nearest(room, room.in_context, query, wanted)]
    not_mixed_yet = _not_mixed_yet(room)
    if len(not_mixed_yet):
        parts.append(_nearest_alone(room, query, wanted, not_mixed_yet))
    return best_messages(parts, limit=wanted.limit)


def _nearest(room: Room, vectors: Vectors, query: Singles, wanted: Wanted) -> Nearest:
    """Guessed of all, then compared exactly where the guess does not tell."""
    gains = _gains(room.messages, vectors, wanted.preferred)
    fitting = _allowed(room.messages, vectors, wanted.filters)
    places = vectors.likely(query, allowed=fitting, gains=gains)
    if places is None:
        places = _possible(_guess(vectors, query, gains, fitting), wanted.limit)
    nearness = vectors.products_at(query, places).astype(np.float64)
    if gains is not None:
        nearness += gains[places]
    return _best(vectors.seq[places], nearness, wanted.limit)


def _guess(vectors: Vectors, query: Singles, gains: Floats | None, fitting: Flags | None) -> Floats:
    guess = vectors.about(query).astype(np.float64)
    if gains is not None:
        guess += gains
    if fitting is not None:
        guess[~fitting] = -np.inf
    return guess


def _possible(guess: Floats, limit: int) -> Integers:
    """Places of what may be among the best."""
    least = -np.inf
    if limit < len(guess):
        least = np.partition(guess, -limit)[-limit] - 2 * ROUNDING
    return np.flatnonzero((guess >= least) & (guess > -np.inf))


def _not_mixed_yet(room: Room) -> Integers:
    """Places of the vectors alone behind the last message that is mixed with its neighbours."""
    mixed = room.in_context.seq
    last = int(mixed[-1]) if len(mixed) else 0
    return np.arange(int(np.searchsorted(room.alone.seq, last, side="right")), len(room.alone))


def _nearest_alone(room: Room, query: Singles, wanted: Wanted, places: Integers) -> Nearest:
    """No speaker or day is preferred among them."""
    alone = room.alone
    if wanted.filters.any:
        of_messages, exist = room.messages.places(alone.seq[places])
        places = places[exist & allowed(room.messages, wanted.filters, of_messages)]
    nearness = alone.products_at(query, places).astype(np.float64)
    return _best(alone.seq[places], nearness, wanted.limit)


def _best(seq: Integers, nearness: Floats, limit: int) -> Nearest:
    best = best_places(nearness, limit, newest=seq)
    return Nearest(seq[best], nearness[best])


def _gains(messages: Messages, vectors: Vectors, preferred: Preferred) -> Floats | None:
    """None if nothing is preferred."""
    if not preferred.any:
        return None
    places, _ = messages.places(vectors.seq)
    return preference(messages, preferred, places)


def _allowed(messages: Messages, vectors: Vectors, filters: Filters) -> Flags | None:
    """None if all are."""
    if not filters.any:
        return None
    places, exist = messages.places(vectors.seq)
    return exist & allowed(messages, filters, places)
