"""Logs as JSON lines on stderr: ids and figures, never the text of messages."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType

import orjson

from retrieval.errors import RetrievalError

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """A foreign exception is logged by type and stack only: its text may quote a row."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= record_extra(record)
        if record.exc_info and record.exc_info[1] is not None:
            line |= _described(record.exc_info[1], record.exc_info[2])
        return orjson.dumps(line, default=str).decode()


def configure_logs(level: int = logging.INFO) -> None:
    """Replaces existing handlers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def record_extra(record: logging.LogRecord) -> dict[str, object]:
    """The fields of a log call's `extra`, without those that every record has."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _described(error: BaseException, stack: TracebackType | None) -> dict[str, object]:
    frames = traceback.extract_tb(stack)
    described: dict[str, object] = {
        "error": type(error).__name__,
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, RetrievalError):
        described["reason"] = str(error)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        described["cause"] = _described(cause, cause.__traceback__)
    return described
