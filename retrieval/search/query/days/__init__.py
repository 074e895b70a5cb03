"""The days that a query names, in its own language, and how well a message's day fits them."""

from retrieval.search.query.days.days import Days, fit, spans
from retrieval.search.query.days.reading import (
    Reading,
    read_days,
    without,
    without_days,
)

__all__ = [
    "Days",
    "Reading",
    "fit",
    "read_days",
    "spans",
    "without",
    "without_days",
]
