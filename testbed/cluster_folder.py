"""Where the PostgreSQL clusters of tests lie."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  # only private folders are made in it
NEEDED = 3_000_000_000  # bytes; a run needs a tenth


@contextmanager
def cluster_folder() -> Iterator[Path]:
    """An empty data folder for programs that start a PostgreSQL, and stop it, by themselves.

    Not in pytest's own folder: each run closes that one to PostgreSQL's user again.
    """
    with tempfile.TemporaryDirectory(prefix="longroom-test-", dir=folder_of_clusters()) as name:
        yield Path(name)


def folder_of_clusters() -> Path | None:
    """In memory if there is plenty, else None for the default of temporary files.

    A database is 300 files: copying and deleting them in memory costs a tenth of the processor time
    that a disk takes, and a run does it hundreds of times.
    """
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= NEEDED else None
