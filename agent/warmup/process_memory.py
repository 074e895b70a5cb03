"""Keeps the memory of job processes small: many of them share a machine."""

import gc
import os


def use_one_arena() -> None:
    """For the processes that this one starts. glibc's default is up to eight arenas a core, each
    with room of its own; what an operator has set stays.
    """
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")


def collect_often() -> None:
    """Call in a job process, before its room.

    livekit-agents 1.8 leaves a class behind in every turn, which only full collections take away.
    They are cheap here, since what was inherited is frozen, but Python counts that in and would put
    the first one off for long.
    """
    gc.set_threshold(700, 10, 2)
    gc.collect()
