"""In a parallel run: which files come first, and which share a process."""

from pathlib import Path

# Each group starts a LiveKit server, a backend and an agent worker, once.
GROUPS = {
    "test_livekit_workers": "rooms 1",
    "test_livekit_degraded": "rooms 1",
    "test_livekit_newcomers": "rooms 1",
    "test_livekit_weight": "rooms 1",
    "test_room_reconciler": "rooms 2",
    "test_livekit_restart": "rooms 2",
    "test_livekit_waiting": "rooms 2",
    "test_livekit_lifecycle": "rooms 2",
    "test_livekit_voice": "rooms 3",
    "test_livekit_text": "rooms 3",
    "test_livekit_bad_input": "rooms 3",
    "test_livekit_tools": "rooms 3",
    "test_livekit_tracing": "rooms 3",
    "test_livekit_speech": "rooms 3",
}
# A long file that begins late ends the run alone.
LONGEST = [*GROUPS, "test_installation", "test_embedded_postgres"]
KINDS = ["e2e", "integration", "session", "contract", "unit"]


def place_of(path: Path) -> tuple[int, int]:
    """A sort key: the longest files first, then kind by kind."""
    place = LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST)
    kinds = [number for number, kind in enumerate(KINDS) if kind in path.parts]
    return place, min(kinds, default=len(KINDS))


def group_of(node_id: str) -> str:
    """The tests that one process runs: those of the same file or group of files."""
    file = node_id.partition("::")[0]
    return GROUPS.get(Path(file).stem, file)
