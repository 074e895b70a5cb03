"""Days that a query means, and how well a message's day fits them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np

from retrieval.columns import Floats
from retrieval.search.query.days.calendar.periods import in_year

FADING = timedelta(days=7)
"""People talk about a day for about a week after it."""
AFTERWARDS = 0.6
"""At most so well fits what was said after the days, where something was said on them."""
BESIDE_THE_LIKELY = 0.9
"""How well the other days of a week or month fit where its likely day is known."""


@dataclass(frozen=True)
class Days:
    """First and last day, inclusive; `yearly` if no year was named and any year fits."""

    first: date
    last: date
    yearly: bool = False
    likely: date | None = None
    """The exact day of "two weeks ago", which may mean any day of that week."""
    fades: bool = True
    """Whether the days after fit a little; not where a limit was named ("before …")."""


def fit(days: Sequence[Days], spoken_at: Floats, *, zone: tzinfo) -> Floats:
    """Best fit: 1 on a day named, less over FADING after it. `spoken_at`: s since 1970."""
    best = np.zeros(len(spoken_at))
    if not days or len(spoken_at) == 0:
        return best
    ends = (datetime.fromtimestamp(float(at), zone) for at in (min(spoken_at), max(spoken_at)))
    first, last = (end.year for end in ends)
    for one in days:
        spans_of_one = spans([one], zone=zone, years=range(first - 1, last + 1))
        best = np.maximum(best, _fit(one, spans_of_one, spoken_at, zone))
    return best


def spans(
    days: Sequence[Days], *, zone: tzinfo, years: Iterable[int]
) -> list[tuple[datetime, datetime]]:
    """Starts and ends; yearly days in each of `years`."""
    found = []
    for one in days:
        firsts = [in_year(one.first, year) for year in years] if one.yearly else [one.first]
        for first in firsts:
            after = first + (one.last - one.first) + timedelta(days=1)
            found.append((_midnight(first, zone), _midnight(after, zone)))
    return found


def _fit(
    days: Days, spans: Sequence[tuple[datetime, datetime]], spoken_at: Floats, zone: tzinfo
) -> Floats:
    inside = np.zeros(len(spoken_at), dtype=bool)
    after = np.zeros(len(spoken_at))
    for start, end in spans:
        began = spoken_at >= start.timestamp()
        inside |= began & (spoken_at < end.timestamp())
        if days.fades:
            fading = 1 - (spoken_at - end.timestamp()) / FADING.total_seconds()
            after = np.maximum(after, np.where(began, np.clip(fading, 0.0, 1.0), 0.0))
    if days.likely is not None and inside.any():
        likely = (spoken_at >= _midnight(days.likely, zone).timestamp()) & (
            spoken_at < _midnight(days.likely + timedelta(days=1), zone).timestamp()
        )
        within = np.where(likely, 1.0, BESIDE_THE_LIKELY)
    else:
        within = np.ones(len(spoken_at))
    return np.where(inside, within, after * (AFTERWARDS if inside.any() else 1.0))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
