"""Where a chat's logs go: all to a file, and what a user must know to the terminal, too."""

import logging
from collections.abc import Callable
from pathlib import Path

from longroom.log_file import log_file

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def configure_chat_logs(data_dir: Path, *, tell: Callable[[str], None]) -> None:
    """Called once, by the program that starts; `tell` hears the agent's own errors."""
    to_file = logging.FileHandler(log_file(data_dir, "chat.log"), encoding="utf-8")
    to_file.setFormatter(_WithExtra("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file], force=True)
    logging.captureWarnings(True)
    logging.getLogger("agent").addHandler(_Teller(tell))


class _WithExtra(logging.Formatter):
    """A record with its `extra` fields behind the message."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record) + _extra(record)


class _Teller(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage() + _extra(record))


def _extra(record: logging.LogRecord) -> str:
    fields = [f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD]
    return f" ({', '.join(fields)})" if fields else ""
