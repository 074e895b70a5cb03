"""What pytest-xdist gives to which of its workers."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.support.file_order import group_of, next_group


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Groups of files, in the order of collection, few of those with rooms at a time."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(
            next_group([*self.workqueue], self._busy_beside(node)), last=False
        )
        super()._assign_work_unit(node)

    def _busy_beside(self, node: WorkerController) -> list[str]:
        """The groups that other processes run or are about to run."""
        return [
            group
            for other, units in self.assigned_work.items()
            if other is not node
            for group, tests in units.items()
            if not all(tests.values())
        ]
