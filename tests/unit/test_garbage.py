"""A backend's collector leaves out what lives as long as the process."""

import gc

from backend_stub.serving import COLLECT_AFTER, collect_rarely


def test_what_a_backend_opened_is_not_looked_at_again() -> None:
    before = gc.get_threshold()
    try:
        collect_rarely()

        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold() == COLLECT_AFTER
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
