"""Where a chat's logs go: all to a file, the agent's errors to the terminal too."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from longroom.log_file import log_file
from retrieval.private_logs import PrivateFormatter, extra_fields, record_extra, record_message

CHAT_LOG = "chat.log"


def configure_chat_logs(data_dir: Path, *, tell: Callable[[str], None]) -> None:
    """Call once, at program start; `tell` gets the agent's errors, from any thread."""
    to_file = logging.FileHandler(log_file(data_dir, CHAT_LOG), encoding="utf-8")
    lines = _WithExtra("%(asctime)s %(levelname)s %(name)s: %(message)s")
    to_file.setFormatter(PrivateFormatter(lines))
    logging.basicConfig(level=logging.INFO, handlers=[to_file], force=True)
    logging.captureWarnings(True)
    logging.getLogger("agent").addHandler(_ToTerminal(tell))


class _WithExtra(logging.Formatter):
    """Of records whose fields are private already: a digest's digest would find nothing."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = [f"{key}={value}" for key, value in extra_fields(record).items()]
        return super().formatMessage(record) + (f" ({', '.join(fields)})" if fields else "")


class _ToTerminal(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(RuntimeError):  # the chat's event loop is closed; the file has the record
            self._tell(record_message(record) + _extra(record))


def _extra(record: logging.LogRecord) -> str:
    fields = [f"{key}={value}" for key, value in record_extra(record).items()]
    return f" ({', '.join(fields)})" if fields else ""
