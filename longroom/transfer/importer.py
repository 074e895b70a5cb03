"""Stores batches in a conversation, in order; refused lines become rejected ones."""

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
from longroom.transfer.records import ReadRecord
from retrieval.wire import (
    ERASED,
    ConversationEvent,
    ImportedRecords,
    ImportRecords,
    SavedEdit,
    SavedSession,
    SharedRoom,
)

RETRY_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
Lines = Sequence[Read | ReadRecord]
"""All of one kind."""


@dataclass
class Stored:
    stored: int = 0
    duplicates: int = 0
    events: int = 0
    sessions: int = 0
    rooms: int = 0
    erased: int = 0
    """Of messages that were erased since the file was written: they stay so."""
    rejected: list[Rejected] = field(default_factory=list)


class Importer:
    """One request at a time: concurrent ones could be stored in the other order.

    `origin`: the conversation that the file is an export of.
    """

    def __init__(
        self,
        client: LongroomClient,
        conversation_id: UUID,
        *,
        origin: UUID | None = None,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    ) -> None:
        self._client = client
        self._conversation_id = conversation_id
        self._origin = origin
        self._retry_delays_s = retry_delays_s
        self._most_words: int | None = None

    async def store(self, batch: Batch) -> Stored:
        """`rejected` of the result is sorted by line. Raises BackendUnavailable after the last
        retry, and BackendRejected if the refusal is not about the content of messages.
        """
        outcome = Stored(rejected=list(batch.rejected))
        await self._store(batch.messages, outcome)
        for kind in (SharedRoom, SavedEdit, ConversationEvent, SavedSession):
            records = [line for line in batch.records if isinstance(line.record, kind)]
            await self._store(records, outcome)
        outcome.rejected.sort(key=lambda rejected: rejected.line)
        return outcome

    async def _store(self, lines: Lines, outcome: Stored) -> None:
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
        outcome.events += result.events
        outcome.sessions += result.sessions
        outcome.rooms += result.rooms

    async def _single_out(self, lines: Lines, refusal: BackendRejected, outcome: Stored) -> None:
        erased = _erased(lines, refusal)
        if erased:
            outcome.erased += len(erased)
            await self._store([line for line in lines if line.id not in erased], outcome)
            return
        refused = refused_items(refusal, lines, id_of=_id)
        if refused:
            outcome.rejected += [_rejected(line, reason, refusal) for line, reason in refused]
            ids = {line.id for line, _ in refused}
            await self._store([line for line in lines if line.id not in ids], outcome)
            return
        if refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            self._most_words = _words(lines) // 2  # this backend has a lower limit
        await self._store_halves(lines, outcome)

    async def _store_halves(self, lines: Lines, outcome: Stored) -> None:
        middle = len(lines) // 2
        await self._store(lines[:middle], outcome)
        await self._store(lines[middle:], outcome)

    async def _append(self, lines: Lines) -> ImportedRecords:
        records = _body(lines, self._origin)
        for delay_s in self._retry_delays_s:
            try:
                return await self._client.import_records(self._conversation_id, records)
            except BackendUnavailable as error:
                await asyncio.sleep(max(delay_s, error.retry_after_s or 0))
        return await self._client.import_records(self._conversation_id, records)


def _words(lines: Lines) -> int:
    return sum(line.words for line in lines)


def _id(line: Read | ReadRecord) -> str:
    return line.id


def _body(lines: Lines, origin: UUID | None) -> ImportRecords:
    records = [line.record for line in lines if isinstance(line, ReadRecord)]
    return ImportRecords(
        origin=origin,
        messages=[line.message for line in lines if isinstance(line, Read)],
        edits=[record for record in records if isinstance(record, SavedEdit)],
        events=[record for record in records if isinstance(record, ConversationEvent)],
        sessions=[record for record in records if isinstance(record, SavedSession)],
        rooms=[record for record in records if isinstance(record, SharedRoom)],
    )


def _erased(lines: Lines, refusal: BackendRejected) -> set[str]:
    """Ids of lines that the backend forgot on purpose; none if the whole conversation is erased."""
    if refusal.problem.type != ERASED:
        return set()
    return {line.id for line in lines} & {*refusal.problem.ids}


def _rejected(line: Read | ReadRecord, reason: str, refusal: BackendRejected) -> Rejected:
    if line.id in refusal.problem.ids:
        reason = f"id: {line.id!r} is taken by another message of the room; give it another"
    return Rejected(line.line, line.raw, reason, line.place)
