"""Keeps the memory of job processes small: many of them share a machine."""

import gc
import os


def use_one_arena() -> None:
    """For later processes: glibc's default is 8 arenas per core; an operator's value stays."""
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")


def collect_often() -> None:
    """Call in a job process, before its room.

    livekit-agents 1.8 leaves a class behind in every turn, which only full collections free. They
    are cheap here (what was inherited is frozen), but Python counts frozen objects when it decides
    on the first one, and would put it off for long.
    """
    gc.set_threshold(700, 10, 2)
    gc.collect()
