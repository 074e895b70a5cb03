"""Logs as JSON lines on stderr: ids and figures, never what a caller wrote."""

import logging
import sys
from datetime import UTC, datetime

import orjson

from retrieval.private_logs import described, record_extra, record_message


class JsonFormatter(logging.Formatter):
    """A foreign exception is logged by type and stack only: its text may quote a row."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record_message(record),
        }
        line |= record_extra(record)
        if record.exc_info and record.exc_info[1] is not None:
            line |= described(record.exc_info[1], record.exc_info[2])
        return orjson.dumps(line, default=str).decode()


def configure_logs(level: int = logging.INFO) -> None:
    """Replaces existing handlers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
