"""Building blocks of all wire types: ids, requests and responses, times, counts."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, NewType
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", str)

MAX_COUNT = 2**53 - 1  # the largest integer that every JSON reader represents exactly

Role = Literal["user", "assistant", "system", "tool"]

MAX_SECONDS = 10**11
"""Since 1970; a larger number counts milliseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"\s*[+-]?\d{1,32}(?:\.\d{0,32})?\s*", re.ASCII)
_ZONE_OF_HOURS = re.compile(r"\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d[:.\d]{0,16}[+-]\d\d\s*", re.ASCII)
"""As PostgreSQL writes it, 12:00:00+00: ISO 8601 has it, pydantic reads none without minutes."""
_OUT_OF_RANGE = "must be between the years 2 and 9998"


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be an IANA time zone such as Europe/Berlin") from error
    return name


def _written_moment(moment: object) -> object:
    if not isinstance(moment, str | datetime):  # a number has no unit
        raise ValueError("must be text such as 2025-03-01T12:00:00Z")
    return moment


def _storable_moment(moment: datetime) -> datetime:
    if not 2 <= moment.year <= 9998:  # beyond, conversion to another time zone may overflow
        raise ValueError(_OUT_OF_RANGE)
    return moment


def _read_timestamp(written: object) -> object:
    if isinstance(written, str) and _DIGITS.fullmatch(written):
        return _counted(Decimal(written.strip()))
    if isinstance(written, str) and _ZONE_OF_HOURS.fullmatch(written):
        return f"{written.strip()}:00"
    if isinstance(written, int | float) and not isinstance(written, bool):
        return _counted(written)
    if not isinstance(written, str | datetime):
        raise ValueError("must be text such as 2025-03-01T12:00:00Z, or seconds since 1970")
    return written


def _counted(number: float | Decimal) -> datetime:
    unit = 1_000_000 if -MAX_SECONDS <= number <= MAX_SECONDS else 1_000
    try:
        return _EPOCH + timedelta(microseconds=round(number * unit))
    except (OverflowError, ValueError) as error:  # ValueError: NaN
        raise ValueError(_OUT_OF_RANGE) from error


def _whole(written: object) -> object:
    return int(written) if isinstance(written, float) and written.is_integer() else written


Moment = Annotated[
    AwareDatetime, BeforeValidator(_written_moment), AfterValidator(_storable_moment)
]
Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_read_timestamp),
    AfterValidator(_storable_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                # From year 2 in seconds to year 9998 in milliseconds.
                {"type": "number", "minimum": -62_104_060_800, "maximum": 253_370_764_799_999},
            ]
        },
        mode="validation",
    ),
]
"""A time as many programs write it: ISO 8601 with a zone, or a number, also as a string: seconds
since 1970, milliseconds if larger than MAX_SECONDS."""
WHOLE = BeforeValidator(_whole)
"""Behind its Field, a whole number may also be written as some programs do: 7.0."""
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT), WHOLE]
Flag = Annotated[bool, Field(strict=True)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known_time_zone)]


class Request(BaseModel):
    """Sent to a backend; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Response(BaseModel):
    """Sent by a backend; unknown fields are ignored."""

    # Ids and texts rarely repeat: caching values would cost each process 1.4 MB.
    model_config = ConfigDict(frozen=True, extra="ignore", cache_strings="keys")
