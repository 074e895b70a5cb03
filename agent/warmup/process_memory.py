"""Keeps the memory of job processes small: many of them share a machine."""

import gc
import os


def use_one_arena() -> None:
    """For processes started after this call; a value that the operator has set stays.

    By default glibc keeps up to eight malloc arenas per core.
    """
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")


def collect_often() -> None:
    """Call in a job process, before its room.

    livekit-agents 1.8 leaves a class behind in every turn, which only full collections free. They
    are cheap here, since what was inherited is frozen, but Python counts frozen objects when it
    decides on the first one, and would put it off for long.
    """
    gc.set_threshold(700, 10, 2)
    gc.collect()
