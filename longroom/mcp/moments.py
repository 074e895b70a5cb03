"""Days and times as a language model writes them. All functions raise ValueError."""

from datetime import date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)


def start_of(written: str, zone: tzinfo) -> datetime:
    return _read(written, zone, after_a_day=timedelta())


def end_of(written: str, zone: tzinfo) -> datetime:
    """Of a day the beginning of the next one: the wire's `until` is exclusive."""
    return _read(written, zone, after_a_day=_DAY)


def _read(written: str, zone: tzinfo, *, after_a_day: timedelta) -> datetime:
    try:
        if (day := _day(written)) is not None:
            return datetime.combine(day + after_a_day, time(), zone)
        moment = datetime.fromisoformat(written)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{written!r} is no time; write 2025-03-01 or 2025-03-01T12:00:00Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
