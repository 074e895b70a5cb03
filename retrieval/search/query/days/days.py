"""Days that a query means, and how well a message's day fits them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np

from retrieval.columns import Floats
from retrieval.search.query.days.calendar.periods import in_year

DAY_S = 86_400.0
FADING = timedelta(days=7)
"""People talk about a day for about a week after it."""
AFTERWARDS = 0.6
"""At most so well fits what was said after the days, where something was said on them."""
OTHER_HOURS = 0.6
"""How well the rest of the day fits where its morning was named."""
OTHER_YEARS = 0.8
"""How well the days fit in other years than the latest, where no year was named."""
LEAST_LIKELY = 0.3
STEEPNESS = 0.4
"""Where people round, the days beside the likely one fit less, at once and then slowly."""


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
    hours: tuple[int, int] | None = None
    """On the first day from this hour, on the last one to that; None: whole days."""


def fit(days: Sequence[Days], spoken_at: Floats, *, zone: tzinfo) -> Floats:
    """Best fit: 1 on a day named, less over FADING after it. `spoken_at`: s since 1970."""
    best = np.zeros(len(spoken_at))
    if not days or len(spoken_at) == 0:
        return best
    ends = (datetime.fromtimestamp(float(at), zone) for at in (spoken_at.min(), spoken_at.max()))
    first, last = (end.year for end in ends)
    for one in days:
        years = range(first - 1, last + 1)
        best = np.maximum(best, _fit(one, spoken_at, zone=zone, years=years))
        if one.hours is not None:
            whole = _fit(replace(one, hours=None), spoken_at, zone=zone, years=years)
            best = np.maximum(best, OTHER_HOURS * whole)
    return best


def spans(
    days: Sequence[Days], *, zone: tzinfo, years: Iterable[int]
) -> list[tuple[datetime, datetime]]:
    """Starts and ends; yearly days in each of `years`."""
    found = []
    for one in days:
        firsts = [in_year(one.first, year) for year in years] if one.yearly else [one.first]
        for first in firsts:
            last = first + (one.last - one.first)
            begin, end = one.hours or (0, 24)
            found.append((_at(first, begin, zone), _at(last, end, zone)))
    return found


def _fit(days: Days, spoken_at: Floats, *, zone: tzinfo, years: Iterable[int]) -> Floats:
    within, after = np.zeros(len(spoken_at)), np.zeros(len(spoken_at))
    for start, end in spans([days], zone=zone, years=years):
        began = spoken_at >= start.timestamp()
        inside = began & (spoken_at < end.timestamp())
        share = 1.0 if start.date() == days.first else OTHER_YEARS
        within = np.maximum(within, np.where(inside, share, 0.0))
        if days.fades:
            fading = 1 - (spoken_at - end.timestamp()) / FADING.total_seconds()
            after = np.maximum(after, np.where(began & ~inside, np.clip(fading, 0.0, share), 0.0))
    if not within.any():
        return after
    return np.where(within > 0, within * _likelihood(days, spoken_at, zone), AFTERWARDS * after)


def _likelihood(days: Days, spoken_at: Floats, zone: tzinfo) -> Floats:
    """1 on the likely day, less the farther from it, in proportion to the length of the days."""
    if days.likely is None:
        return np.ones(len(spoken_at))
    begin, end = _at(days.likely, 0, zone).timestamp(), _at(days.likely, 24, zone).timestamp()
    away = np.maximum(np.maximum(begin - spoken_at, spoken_at - end), 0.0)
    length = _at(days.last, 24, zone).timestamp() - _at(days.first, 0, zone).timestamp()
    whole_days = np.ceil(away / DAY_S) * DAY_S
    return 1 - (1 - LEAST_LIKELY) * np.minimum(1.0, whole_days / length) ** STEEPNESS


def _at(day: date, hour: int, zone: tzinfo) -> datetime:
    return datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), zone)
