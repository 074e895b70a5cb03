"""Outboxes of the fake backend's only room, their files, and what befalls files."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.outbox.files import folder
from agent.outbox.outbox import Outbox
from agent.outbox.retry import Retry
from tests.support.fake_backend import FakeBackend

FAST = Retry(first_s=0.001, max_s=0.002)


@asynccontextmanager
async def opened_outbox(
    backend: FakeBackend, data_dir: Path, *, timeout_s: float = 5.0, **options: Any
) -> AsyncIterator[Outbox]:
    client = backend.client(timeout_s=timeout_s)
    options = {"retry": FAST} | options
    outbox = await Outbox.open(data_dir, client=client, conversation_id=backend.room(), **options)
    try:
        yield outbox
    finally:
        await outbox.aclose()
        await client.aclose()


def outbox_file(data_dir: Path, backend: FakeBackend) -> Path:
    return folder(data_dir) / f"{backend.room()}.sqlite3"


def log_file(data_dir: Path, backend: FakeBackend) -> Path:
    path = outbox_file(data_dir, backend)
    return path.with_name(f"{path.name}-wal")


def left_by_a_killed_process(data_dir: Path, copy: Path) -> Path:
    """A copy of the files of an open outbox: what a kill would have left."""
    shutil.copytree(data_dir, copy)
    return copy


@contextmanager
def small_disk(path: Path, *, kilobytes: int) -> Iterator[Path]:
    """A file system of that size, of its own; skips the test where none can be mounted."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the space there is; delete it to make room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def holds(data_dir: Path, text: str) -> list[str]:
    """Names of the files below `data_dir` that hold this text in their bytes."""
    files = [path for path in sorted(data_dir.rglob("*")) if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]
