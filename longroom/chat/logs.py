"""Where a chat's logs go: all to a file, the agent's errors to the terminal too."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from backend_stub.logs import record_extra
from longroom.log_file import log_file


def configure_chat_logs(data_dir: Path, *, tell: Callable[[str], None]) -> None:
    """Call once, at program start; `tell` gets the agent's errors, from any thread."""
    to_file = logging.FileHandler(log_file(data_dir, "chat.log"), encoding="utf-8")
    to_file.setFormatter(_WithExtra("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file], force=True)
    logging.captureWarnings(True)
    logging.getLogger("agent").addHandler(_ToTerminal(tell))


class _WithExtra(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record) + _extra(record)


class _ToTerminal(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(RuntimeError):  # the chat's event loop is closed; the file has the record
            self._tell(record.getMessage() + _extra(record))


def _extra(record: logging.LogRecord) -> str:
    fields = [f"{key}={value}" for key, value in record_extra(record).items()]
    return f" ({', '.join(fields)})" if fields else ""
