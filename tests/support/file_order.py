"""In a parallel run: which files come first, and which share a process."""

from collections.abc import Sequence
from pathlib import Path

# Each group starts a LiveKit server, a backend and an agent worker, once.
GROUPS = {
    "test_livekit_conversations": "rooms 4",
    "test_examples": "rooms 4",
    "test_web_backend_example": "rooms 4",
    "test_voice_example": "rooms 4",
    "test_livekit_memory": "rooms 4",
    "test_livekit_tokens": "rooms 4",
    "test_livekit_workers": "rooms 1",
    "test_livekit_degraded": "rooms 1",
    "test_livekit_newcomers": "rooms 1",
    "test_livekit_erasure": "rooms 1",
    "test_livekit_weight": "rooms 1",
    "test_room_reconciler": "rooms 2",
    "test_livekit_restart": "rooms 2",
    "test_livekit_fencing": "rooms 2",
    "test_livekit_waiting": "rooms 2",
    "test_livekit_lifecycle": "rooms 2",
    "test_livekit_voice": "rooms 3",
    "test_livekit_text": "rooms 3",
    "test_livekit_bad_input": "rooms 3",
    "test_livekit_tools": "rooms 3",
    "test_livekit_recall_notices": "rooms 3",
    "test_livekit_tracing": "rooms 3",
    "test_livekit_speech": "rooms 3",
    "test_livekit_stop": "rooms 3",
    "test_room_page": "rooms 5",
    "test_room_speech": "rooms 5",
    "test_room_invitations": "rooms 5",
    "test_room_reloads": "rooms 5",
    "test_room_looks": "rooms 5",
}
ROOMS = set(GROUPS.values())
# Agents start too late for their tests if more of these groups run at a time.
MAX_ROOMS = 2
# A long file that begins late ends the run alone.
LONGEST = [
    *GROUPS,
    "test_chat_pipe",
    "test_installation",
    "test_embedded_postgres",
    "test_order_by_time",
    "test_bounded_session",
]
KINDS = ["e2e", "browser", "integration", "session", "contract", "benchmarks", "unit"]


def place_of(path: Path) -> tuple[int, int]:
    """A sort key: the longest files first, then kind by kind."""
    place = LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST)
    kinds = [number for number, kind in enumerate(KINDS) if kind in path.parts]
    return place, min(kinds, default=len(KINDS))


def group_of(node_id: str) -> str:
    """The tests that one process runs: those of the same file or group of files."""
    file = node_id.partition("::")[0]
    return GROUPS.get(Path(file).stem, file)


def next_group(waiting: Sequence[str], busy: Sequence[str]) -> str:
    """The first of `waiting` that may begin beside `busy`; if none may, the first all the same."""
    if sum(group in ROOMS for group in busy) < MAX_ROOMS:
        return waiting[0]
    return next((group for group in waiting if group not in ROOMS), waiting[0])
