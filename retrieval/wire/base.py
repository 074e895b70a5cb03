"""Building blocks of all wire types: ids, requests and responses, times, counts."""

from datetime import datetime
from typing import Annotated, Literal, NewType
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", str)

MAX_COUNT = 2**53 - 1  # the largest integer that every JSON reader represents exactly

Role = Literal["user", "assistant"]


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
        raise ValueError("must be between the years 2 and 9998")
    return moment


Moment = Annotated[
    AwareDatetime, BeforeValidator(_written_moment), AfterValidator(_storable_moment)
]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]
Flag = Annotated[bool, Field(strict=True)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known_time_zone)]


class Request(BaseModel):
    """Sent to a backend; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Response(BaseModel):
    """Sent by a backend; unknown fields are ignored."""

    # Ids and texts rarely repeat: caching values would cost each process 1.4 MB.
    model_config = ConfigDict(frozen=True, extra="ignore", cache_strings="keys")
