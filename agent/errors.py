"""The agent's errors; those of the backend are `longroom.client`'s.

OutboxError
├─ OutboxUnwritable     the folder cannot be written: read-only, full, or no permission
├─ OutboxBusy           another process holds this file
├─ OutboxCorrupt        the file is damaged; OutboxStore repairs it
└─ OutboxTooNew         a newer program wrote this file
"""

from pathlib import Path


class OutboxError(Exception):
    """The root of the tree above."""


class OutboxUnwritable(OutboxError):
    """The message names the folder and the remedy."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the outbox folder {folder} cannot be written ({reason}); "
            "make room, make it writable, or set LONGROOM_DATA_DIR to another folder"
        )
        self.folder = folder


class OutboxBusy(OutboxError):
    """Another process holds and delivers this file."""


class OutboxCorrupt(OutboxError):
    """The file is damaged: what is whole goes into a new one, and the old one is kept."""


class OutboxTooNew(OutboxError):
    """A newer program wrote this file; it is left alone."""
