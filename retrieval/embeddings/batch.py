"""One batch of embedding work in one conversation: claim, embed with no transaction open, store."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from retrieval.embedders.protocol import Embedder, Embeddings
from retrieval.embeddings import queue
from retrieval.embeddings.context_vectors import seal_around
from retrieval.embeddings.model_registry import EmbeddingModel
from retrieval.embeddings.rows import store, writing
from retrieval.errors import EmbeddingError, EmbeddingRejected, EmbeddingUnavailable
from retrieval.text import passages
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

logger = logging.getLogger(__name__)

HARMLESS_TEXT = "Is anybody there?"


@dataclass(frozen=True)
class BatchLimits:
    """How much work is taken at once, for how long, and how often."""

    passages: int = 64
    """At most this much is done again after kill -9 (a message is never cut in two)."""
    lease: timedelta = timedelta(seconds=60)
    attempts: int = 5
    """A message on which this many workers died is given up."""
    quiet: timedelta = timedelta(minutes=1)
    """For how long the newest message waits for a successor before it is smoothed without."""


@dataclass(frozen=True)
class _Task:
    """A claimed message as the model reads it."""

    seq: int
    texts: list[str]


class EmbeddingBatches:
    """Does batches of one model's pending messages; several may work side by side, anywhere."""

    def __init__(
        self, db: "Database", embedder: Embedder, model: EmbeddingModel, limits: BatchLimits
    ) -> None:
        self._db = db
        self._embedder = embedder
        self._model_id = model.model_id
        self._limits = limits

    async def run_one(self, conversation_id: ConversationId) -> bool:
        """Embed the oldest free pending messages; returns whether there may be more of them.

        Raises EmbeddingUnavailable or ModelMismatch after the claim was given back, so that it
        does not count against the messages.
        """
        claims = await queue.claim(
            self._db,
            conversation_id=conversation_id,
            model_id=self._model_id,
            limit=self._limits.passages,
            lease=self._limits.lease,
        )
        worn_out = {
            claim.seq: f"given up: {self._limits.attempts} workers ended while they embedded it"
            for claim in claims
            if claim.attempts > self._limits.attempts
        }
        await self._give_up(conversation_id, worn_out)
        seqs = [claim.seq for claim in claims if claim.seq not in worn_out]
        left = await self._run(conversation_id, seqs) if seqs else 0
        return left > 0 or len(claims) == self._limits.passages

    async def _run(self, conversation_id: ConversationId, seqs: Sequence[int]) -> int:
        """Returns how many were given back, because they were too much for one batch."""
        tasks = await _load(self._db, conversation_id, seqs)
        batch = list(_first(tasks, self._limits.passages))
        later = [task.seq for task in tasks[len(batch) :]]
        await self._give_back(conversation_id, later)
        try:
            made, refused = await self._embed(batch)
        except (EmbeddingError, asyncio.CancelledError):
            await self._give_back(conversation_id, [task.seq for task in batch])
            raise
        gone = set(seqs) - {task.seq for task in tasks}
        await self._store(conversation_id, made, gone)
        await self._give_up(conversation_id, refused)
        return len(later)

    async def _embed(self, batch: Sequence[_Task]) -> tuple[dict[int, Embeddings], dict[int, str]]:
        """Rows by seq, and by seq the reason of those that the model refuses."""
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
        await self._check_that_it_is_the_text()
        made: dict[int, Embeddings] = {}
        refused: dict[int, str] = {}
        for task in batch:
            try:
                made |= await self._embed_together([task])
            except EmbeddingRejected as error:
                refused[task.seq] = str(error)
        return made, refused

    async def _check_that_it_is_the_text(self) -> None:
        """A server that refuses everything is set up wrongly; no message is to blame for that."""
        try:
            await self._embedder.embed([HARMLESS_TEXT], kind="document")
        except EmbeddingRejected as error:
            raise EmbeddingUnavailable(
                f"the embedder refuses every text, so its settings are wrong: {error}"
            ) from error

    async def _store(
        self, conversation_id: ConversationId, made: dict[int, Embeddings], gone: set[int]
    ) -> None:
        ended = {*made, *gone}
        async with writing(self._db, conversation_id) as connection:
            await store(connection, conversation_id, self._model_id, made, ended=ended)
            await seal_around(
                connection, conversation_id, self._model_id, made, quiet=self._limits.quiet
            )

    async def _give_up(self, conversation_id: ConversationId, reasons: dict[int, str]) -> None:
        if not reasons:
            return
        logger.error(
            "messages stay without embedding",
            extra={"conversation_id": str(conversation_id), "seqs": sorted(reasons)},
        )
        async with writing(self._db, conversation_id) as connection:
            await queue.give_up(
                connection,
                conversation_id=conversation_id,
                model_id=self._model_id,
                reasons=reasons,
            )
            # Their neighbours wait for them no longer.
            await seal_around(
                connection, conversation_id, self._model_id, reasons, quiet=self._limits.quiet
            )

    async def _give_back(self, conversation_id: ConversationId, seqs: Sequence[int]) -> None:
        await queue.give_back(
            self._db, conversation_id=conversation_id, model_id=self._model_id, seqs=seqs
        )


LOAD = """
select seq, participant, content
  from message
 where conversation_id = $1 and seq = any($2)
 order by seq
"""


async def _load(
    db: "Database", conversation_id: ConversationId, seqs: Sequence[int]
) -> list[_Task]:
    return [
        _Task(row["seq"], _texts(row["participant"], row["content"]))
        for row in await db.fetch(LOAD, conversation_id, list(seqs))
    ]


def _texts(participant: str, content: str) -> list[str]:
    return [passages.document_text(participant, part) for part in passages.split(content)]


def _first(tasks: Sequence[_Task], limit: int) -> Iterator[_Task]:
    """As many whole messages as `limit` passages allow, and at least one."""
    taken = 0
    for task in tasks:
        taken += len(task.texts)
        if taken > limit and task is not tasks[0]:
            return
        yield task
