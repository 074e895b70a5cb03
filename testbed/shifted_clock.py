"""Programs under another clock, by libfaketime where it is installed.

Its library is preloaded: the program `faketime` would be a process of its own, to be killed, and
leaves names in /dev/shm that fail a later one with the same process id.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LIBRARY: Final = "libfaketimeMT.so.1"


def faketime_library() -> Path | None:
    """None where libfaketime is not installed."""
    if shutil.which("faketime") is None:
        return None
    found = Path("/usr/lib").glob(f"**/faketime/{LIBRARY}")
    return next(iter(sorted(found)), None)


def shifted(library: Path, *, by_s: float) -> Mapping[str, str]:
    """To add to a program's environment; how long it waits is not shifted."""
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{by_s:+.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
