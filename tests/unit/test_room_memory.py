"""How much memory rooms take if nobody says."""

import os
from pathlib import Path

import pytest

from backend_stub.room_memory import MIB, MOST_BYTES, memory_bytes, room_memory_bytes

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [("536870912\n", 512 * MIB), ("max\n", MACHINE), (None, MACHINE), (f"{2**62}\n", MACHINE)],
)
def test_a_container_has_no_more_than_it_was_given(
    tmp_path: Path, written: str | None, bytes_: int
) -> None:
    bound = tmp_path / "memory.max"
    if written is not None:
        bound.write_text(written)

    assert memory_bytes([bound]) == bytes_


def test_rooms_take_a_quarter_of_the_memory_within_bounds_or_what_they_are_given() -> None:
    assert room_memory_bytes(None) == min(memory_bytes() // 4, MOST_BYTES)
    assert room_memory_bytes(0) == 0
    assert room_memory_bytes(3) == 3 * MIB
