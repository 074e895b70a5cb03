"""Stores batches in a room, in order; refused messages become rejected lines."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID

from agent.outbox.refusals import refused_items
from longroom.client import BackendRejected, BackendUnavailable, LongroomClient
from longroom.transfer.batches import Batch
from longroom.transfer.formats.format import Rejected
from longroom.transfer.lines import Read
from retrieval.wire import AppendResult, counted_words

RETRY_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass
class Stored:
    stored: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)


class Importer:
    """One request at a time: concurrent ones could be stored in the other order."""

    def __init__(
        self,
        client: LongroomClient,
        conversation_id: UUID,
        *,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    ) -> None:
        self._client = client
        self._conversation_id = conversation_id
        self._retry_delays_s = retry_delays_s
        self._most_words: int | None = None

    async def store(self, batch: Batch) -> Stored:
        """`rejected` of the result is sorted by line. Raises BackendUnavailable after the last
        retry, and BackendRejected if the refusal is not about the content of messages.
        """
        outcome = Stored(rejected=list(batch.rejected))
        await self._store(batch.messages, outcome)
        outcome.rejected.sort(key=lambda rejected: rejected.line)
        return outcome

    async def _store(self, lines: Sequence[Read], outcome: Stored) -> None:
        if not lines:
            return
        if self._most_words and len(lines) > 1 and _words(lines) > self._most_words:
            await self._store_halves(lines, outcome)
            return
        try:
            result = await self._append(lines)
        except BackendRejected as refusal:
            await self._single_out(lines, refusal, outcome)
            return
        stored = sum(1 for each in result.outcomes if each.status == "stored")
        outcome.stored += stored
        outcome.duplicates += len(result.outcomes) - stored

    async def _single_out(
        self, lines: Sequence[Read], refusal: BackendRejected, outcome: Stored
    ) -> None:
        refused = refused_items(refusal, lines, id_of=_id)
        if refused:
            outcome.rejected += [_rejected(line, reason, refusal) for line, reason in refused]
            ids = {_id(line) for line, _ in refused}
            await self._store([line for line in lines if _id(line) not in ids], outcome)
            return
        if refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            self._most_words = _words(lines) // 2  # this backend has a lower limit
        await self._store_halves(lines, outcome)

    async def _store_halves(self, lines: Sequence[Read], outcome: Stored) -> None:
        middle = len(lines) // 2
        await self._store(lines[:middle], outcome)
        await self._store(lines[middle:], outcome)

    async def _append(self, lines: Sequence[Read]) -> AppendResult:
        messages = [line.message for line in lines]
        for delay_s in self._retry_delays_s:
            try:
                return await self._client.append_messages(self._conversation_id, messages)
            except BackendUnavailable as error:
                await asyncio.sleep(max(delay_s, error.retry_after_s or 0))
        return await self._client.append_messages(self._conversation_id, messages)


def _words(lines: Sequence[Read]) -> int:
    return sum(counted_words(line.message.content) for line in lines)


def _id(line: Read) -> str:
    return line.message.id


def _rejected(line: Read, reason: str, refusal: BackendRejected) -> Rejected:
    if _id(line) in refusal.problem.ids:
        reason = f"id: {_id(line)!r} is taken by another message of the room; give it another"
    return Rejected(line.line, line.raw, reason, line.place)
