"""What a log line or a span may hold: ids of ours, figures and fixed words (decision 41).

Whatever a caller chose, names, ids, keys, fields, becomes a digest: the same value has the same
one, so that its lines can be found. Texts of foreign errors are left out, since they quote values.
"""

import copy
import hashlib
import logging
import re
import traceback
from collections.abc import Mapping
from datetime import date, timedelta
from types import TracebackType
from uuid import UUID

from retrieval.errors import RetrievalError

OURS = ("agent", "backend_stub", "longroom", "retrieval")

_FIXED = frozenset(
    {
        *("conversation_id", "request_id", "token_id", "key_id", "job_id", "trace_id", "span_id"),
        *("method", "route", "status", "error", "stack", "cause", "level", "kind", "why"),
        *("outcome", "source", "degraded", "stream", "stage", "task", "shape", "model"),
    }
)
"""Fields whose values are ours, or the LiveKit server's, and never a caller's."""
_FIXED_OF_OURS = frozenset({"reason", "file", "files", "damaged_file", "folder"})
"""Those whose texts our own modules write."""
_IDS = {
    "conversation_id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "request_id": re.compile(r"[0-9a-fA-F-]{8,64}"),
}
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


def digest(value: str) -> str:
    """`printf %s VALUE | sha256sum | head -c 12`, with a # before it."""
    return "#" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def told(name: str, value: object, *, ours: bool = True) -> object:
    """The value of a field as it may be logged."""
    if value is None or isinstance(value, bool | int | float | date | timedelta | UUID):
        return value
    if isinstance(value, Mapping):
        return {_key(key): told(_key(key), one, ours=ours) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [told(name, one, ours=ours) for one in value]
    text = str(value)
    if (form := _IDS.get(name)) is not None:
        return text if form.fullmatch(text) else digest(text)
    if not text or name in _FIXED or (ours and name in _FIXED_OF_OURS):
        return text
    return digest(text)


def _key(key: object) -> str:
    text = str(key)
    return text if text in _FIXED | _FIXED_OF_OURS else digest(text)


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """Of a log call's `extra`, as they were given."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def record_extra(record: logging.LogRecord) -> dict[str, object]:
    """The same as they may be logged."""
    ours = is_ours(record)
    return {key: told(key, value, ours=ours) for key, value in extra_fields(record).items()}


def record_message(record: logging.LogRecord) -> str:
    """Of other programs' modules the first line, without the texts that are put into it."""
    if is_ours(record):
        return record.getMessage()
    template = str(record.msg).partition("\n")[0]
    if not record.args:
        return template
    given = record.args if isinstance(record.args, tuple) else (record.args,)
    try:
        return template % tuple(one if isinstance(one, int | float) else "…" for one in given)
    except (TypeError, ValueError):
        return template


def is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OURS


def described(error: BaseException, stack: TracebackType | None) -> dict[str, object]:
    """By type and place; by its text only if it is one of ours."""
    frames = traceback.extract_tb(stack)
    found: dict[str, object] = {
        "error": type(error).__name__,
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, RetrievalError):
        found["reason"] = str(error)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        found["cause"] = described(cause, cause.__traceback__)
    return found


class PrivateFormatter(logging.Formatter):
    """Another program's formatter, given only what may be told."""

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        kept = copy.copy(record)
        for key, value in record_extra(record).items():
            setattr(kept, key, value)
        kept.msg, kept.args = record_message(record), None
        kept.exc_text = kept.stack_info = None
        if record.exc_info and record.exc_info[1] is not None:
            kept.msg += f" {described(record.exc_info[1], record.exc_info[2])}"
        kept.exc_info = None
        return self._inner.format(kept)


def guard_handlers(logger: logging.Logger | None = None) -> None:
    """Of the root logger, by default; those that are added later are not guarded."""
    for handler in (logger or logging.getLogger()).handlers:
        if not isinstance(handler.formatter, PrivateFormatter):
            handler.setFormatter(PrivateFormatter(handler.formatter))
