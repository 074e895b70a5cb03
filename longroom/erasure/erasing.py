"""Erases a target to its end: counted first, asked about, repeated until nothing is left."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from longroom.client import ErasureReceipt, LongroomClient
from longroom.erasure.target import Target


class NotWanted(Exception):
    """Who was asked said no."""


@dataclass(frozen=True)
class Erasing:
    """`agreed` is asked with what was counted."""

    target: Target
    dry_run: bool
    agreed: Callable[[ErasureReceipt], bool]
    on_rows: Callable[[ErasureReceipt], object] = lambda _: None

    async def run(self, client: LongroomClient) -> ErasureReceipt:
        """Raises NotWanted, CommandError and BackendError."""
        place = self.target.place
        conversation_id = None if place is None else await place.find(client)
        counted = await self.target.erase(client, conversation_id, dry_run=True)
        if self.dry_run or not counted.dry_run:  # erased before: it is the receipt of that
            return counted
        if not self.agreed(counted):
            raise NotWanted
        return await self._to_the_end(client, conversation_id)

    async def _to_the_end(
        self, client: LongroomClient, conversation_id: UUID | None
    ) -> ErasureReceipt:
        while True:
            receipt = await self.target.erase(client, conversation_id, dry_run=False)
            if receipt.complete:
                return receipt
            self.on_rows(receipt)
