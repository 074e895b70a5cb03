"""Times without a zone, read as those of a wall clock in one zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

_DATETIME: TypeAdapter[datetime] = TypeAdapter(datetime)


class LocalTimes:
    """For one file, read from its beginning; without a zone times stay as they are."""

    def __init__(self, zone: ZoneInfo | None) -> None:
        self._zone = zone
        self._latest = datetime.min.replace(tzinfo=UTC)

    def aware(self, written: object) -> object:
        """Unchanged if it is no time, or has a zone.

        Of the hour that the clock shows twice in autumn, the first is meant until the file's order
        tells otherwise.
        """
        if self._zone is None or not isinstance(written, str | datetime):
            return written
        moment = written if isinstance(written, datetime) else _read(written)
        if moment is None or moment.tzinfo is not None:
            return written
        return self._placed(moment, self._zone)

    def _placed(self, moment: datetime, zone: ZoneInfo) -> datetime:
        first, second = (_utc(moment, zone, fold=fold) for fold in (0, 1))
        # In the hour that spring leaves out, the second reading is the earlier one.
        placed = second if first < self._latest <= second else first
        self._latest = max(self._latest, placed)
        return placed


def _utc(moment: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    try:
        return moment.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    except OverflowError:  # the years 1 and 9999, which are refused later
        return moment.replace(tzinfo=UTC)


def _read(written: str) -> datetime | None:
    if written.strip().lstrip("+-").replace(".", "", 1).isdecimal():
        return None  # a number counts from 1970 in every zone
    try:
        return _DATETIME.validate_python(written)
    except ValidationError:
        return None
