"""A file that has each erasure before it is acknowledged: it outlives the database."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from retrieval.changes.erasure.ledger_lines import LedgerLine


class LedgerFile:
    """JSON lines, appended and on the disk when `append` returns. A line may stand there twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: set[LedgerLine] = set()
        self._lock = asyncio.Lock()

    async def append(self, lines: Sequence[LedgerLine]) -> None:
        """Raises OSError; then nothing counts as written."""
        async with self._lock:
            new = [line for line in lines if line not in self._written]
            if not new:
                return
            await asyncio.to_thread(self._write, b"".join(line.to_json() for line in new))
            self._written.update(new)

    def _write(self, content: bytes) -> None:
        existed = self._path.exists()
        with self._path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not existed:
            self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
