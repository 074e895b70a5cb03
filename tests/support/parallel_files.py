"""What pytest-xdist gives to which of its workers."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.file_order import group_of


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Groups of files, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
