"""One batch of embedding work in one conversation: claim, embed with no transaction open, store."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from retrieval.embedders.protocol import Embedder, Embeddings
from retrieval.embeddings import queue
from retrieval.embeddings.context_vectors import QUIET, complete_around
from retrieval.embeddings.model_registry import EmbeddingModel
from retrieval.embeddings.rows import locked_conversation, store_embeddings
from retrieval.errors import EmbeddingError, EmbeddingRejected, EmbeddingUnavailable
from retrieval.text import passages
from retrieval.text.long_texts import worked_out
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

logger = logging.getLogger(__name__)

PROBE_TEXT = "Hello."


@dataclass(frozen=True)
class BatchLimits:
    passages: int = 64
    """Work repeated at most after kill -9; a message is never split between batches."""
    lease: timedelta = timedelta(seconds=60)
    attempts: int = 5
    """Claims of one message after which it is marked as failed."""
    quiet: timedelta = QUIET
    """Age at which the newest message gets its context vector without a successor."""


@dataclass(frozen=True)
class _Task:
    seq: int
    texts: list[str]
    """One per passage."""
    revision: int | None
    """Of the message's last correction."""


class EmbeddingBatches:
    """Safe to run in several processes."""

    def __init__(
        self, db: "Database", embedder: Embedder, model: EmbeddingModel, limits: BatchLimits
    ) -> None:
        self._db = db
        self._embedder = embedder
        self._model_id = model.model_id
        self._limits = limits

    async def run_one(self, conversation_id: ConversationId) -> bool:
        """Embed the oldest unclaimed pending messages; returns whether more may be pending.

        Raises EmbeddingUnavailable or ModelMismatch; the claim is then released and not counted.
        """
        claims = await queue.claim(
            self._db,
            conversation_id=conversation_id,
            model_id=self._model_id,
            limit=self._limits.passages,
            lease=self._limits.lease,
        )
        exhausted = {
            claim.seq: f"given up: {self._limits.attempts} workers ended while they embedded it"
            for claim in claims
            if claim.attempts > self._limits.attempts
        }
        await self._mark_failed(conversation_id, exhausted)
        seqs = [claim.seq for claim in claims if claim.seq not in exhausted]
        released = await self._run(conversation_id, seqs) if seqs else 0
        return released > 0 or len(claims) == self._limits.passages

    async def _run(self, conversation_id: ConversationId, seqs: Sequence[int]) -> int:
        tasks = await _load(self._db, conversation_id, seqs)
        batch = list(_first(tasks, self._limits.passages))
        excess = [task.seq for task in tasks[len(batch) :]]
        await self._release(conversation_id, excess)
        try:
            made, refused = await self._embed(batch)
        except (EmbeddingError, asyncio.CancelledError):
            await self._release(conversation_id, [task.seq for task in batch])
            raise
        deleted = set(seqs) - {task.seq for task in tasks}
        await self._store(
            conversation_id, made, deleted, {task.seq: task.revision for task in batch}
        )
        await self._mark_failed(conversation_id, refused)
        return len(excess)

    async def _embed(self, batch: Sequence[_Task]) -> tuple[dict[int, Embeddings], dict[int, str]]:
        try:
            return await self._embed_together(batch), {}
        except EmbeddingRejected:
            return await self._embed_singly(batch)

    async def _embed_together(self, batch: Sequence[_Task]) -> dict[int, Embeddings]:
        texts = [text for task in batch for text in task.texts]
        rows = await self._embedder.embed(texts, kind="document")
        made = {}
        start = 0
        for task in batch:
            made[task.seq] = rows[start : start + len(task.texts)]
            start += len(task.texts)
        return made

    async def _embed_singly(
        self, batch: Sequence[_Task]
    ) -> tuple[dict[int, Embeddings], dict[int, str]]:
        await self._check_embedder()
        made: dict[int, Embeddings] = {}
        refused: dict[int, str] = {}
        for task in batch:
            try:
                made |= await self._embed_together([task])
            except EmbeddingRejected as error:
                refused[task.seq] = str(error)
        return made, refused

    async def _check_embedder(self) -> None:
        """A server that refuses every text is misconfigured: no message may be marked as failed."""
        try:
            await self._embedder.embed([PROBE_TEXT], kind="document")
        except EmbeddingRejected as error:
            raise EmbeddingUnavailable(
                f"the embedder refuses every text, so its settings are wrong: {error}"
            ) from error

    async def _store(
        self,
        conversation_id: ConversationId,
        made: dict[int, Embeddings],
        deleted: set[int],
        revisions: dict[int, int | None],
    ) -> None:
        async with locked_conversation(self._db, conversation_id) as connection:
            for row in await connection.fetch(REVISIONS, conversation_id, [*made]):
                if row["revision"] != revisions[row["seq"]]:
                    del made[row["seq"]]  # corrected meanwhile: its job is a new one
            ended = {*made, *deleted}
            await store_embeddings(connection, conversation_id, self._model_id, made, ended=ended)
            await complete_around(
                connection, conversation_id, self._model_id, made, quiet=self._limits.quiet
            )

    async def _mark_failed(self, conversation_id: ConversationId, reasons: dict[int, str]) -> None:
        if not reasons:
            return
        logger.error(
            "messages stay without embedding",
            extra={"conversation_id": str(conversation_id), "seqs": sorted(reasons)},
        )
        async with locked_conversation(self._db, conversation_id) as connection:
            await queue.mark_failed(
                connection,
                conversation_id=conversation_id,
                model_id=self._model_id,
                reasons=reasons,
            )
            # Neighbours no longer wait for these.
            await complete_around(
                connection, conversation_id, self._model_id, reasons, quiet=self._limits.quiet
            )

    async def _release(self, conversation_id: ConversationId, seqs: Sequence[int]) -> None:
        await queue.release(
            self._db, conversation_id=conversation_id, model_id=self._model_id, seqs=seqs
        )


REVISIONS = """
select seq, revision from message where conversation_id = $1 and seq = any($2)
"""

LOAD = """
select seq, participant, content, revision
  from message
 where conversation_id = $1 and seq = any($2)
 order by seq
"""


async def _load(
    db: "Database", conversation_id: ConversationId, seqs: Sequence[int]
) -> list[_Task]:
    rows = await db.fetch(LOAD, conversation_id, list(seqs))
    chars = sum(len(row["content"]) for row in rows)
    return [
        _Task(
            row["seq"],
            await worked_out(
                partial(_texts, row["participant"], row["content"]), chars=chars, use="storing"
            ),
            row["revision"],
        )
        for row in rows
    ]


def _texts(participant: str, content: str) -> list[str]:
    return [passages.document_text(participant, part) for part in passages.split(content)]


def _first(tasks: Sequence[_Task], limit: int) -> Iterator[_Task]:
    taken = 0
    for task in tasks:
        taken += len(task.texts)
        if taken > limit and task is not tasks[0]:
            return
        yield task
