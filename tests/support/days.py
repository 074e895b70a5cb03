"""The days that a query names."""

from datetime import datetime

from retrieval.search.query.days import Days, read_days


def named_days(query: str, *, now: datetime, language: str = "english") -> list[Days]:
    return [reading.days for reading in read_days(query, now=now, language=language)]
