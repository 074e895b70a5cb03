"""Rooms to search: real or generated texts, with embeddings clustered by topic."""

import asyncio
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.rows import locked_conversation
from retrieval.embeddings.smoothing import BEFORE_PREVIOUS, NEXT, PREVIOUS
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, MessageCreate, MessageId

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

Matrix = NDArray[np.float32]

MODEL = "clustered"
DIMENSION = 384
TOPICS = 3000
TOPICS_OF_A_ROOM = 30
RANK = 24
STARTED_AT = datetime(2020, 1, 1, tzinfo=UTC)
BATCH = 500
SOME_WORDS = 8000
STRANGERS = 20


class GivenEmbedder:
    """Looks vectors up instead of computing them: no model's time is measured."""

    def __init__(self) -> None:
        self.vectors: dict[str, Matrix] = {}
        self.fallback: Matrix = unit(np.ones((1, DIMENSION), dtype=np.float32))[0]

    @property
    def name(self) -> str:
        return MODEL

    @property
    def dimension(self) -> int:
        return DIMENSION

    async def embed(self, texts: Sequence[str], *, kind: str) -> Matrix:
        return np.stack([self.vectors.get(text, self.fallback) for text in texts])

    async def aclose(self) -> None:
        return None


@dataclass(frozen=True)
class Question:
    text: str
    vector: Matrix


@dataclass
class BenchRoom:
    """Row i of the matrices belongs to seq i + 1."""

    conversation_id: ConversationId
    alone: Matrix
    smoothed: Matrix
    participants: list[str]
    roles: list[str]
    spoken_at: list[datetime]
    questions: list[Question]
    strangers: Matrix
    """Vectors of questions about other topics than the room's."""


def unit(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def clustered(count: int, *, random: np.random.Generator) -> Matrix:
    """Unit vectors around the topics of one room, with noise; rooms draw from the same topics."""
    topics = np.random.default_rng(7)
    centres = unit(topics.standard_normal((TOPICS, DIMENSION)).astype(np.float32))
    ways = unit(topics.standard_normal((RANK, DIMENSION)).astype(np.float32))
    own = random.choice(TOPICS, size=TOPICS_OF_A_ROOM, replace=False)
    topic = random.choice(own, size=count)
    within = random.standard_normal((count, RANK)).astype(np.float32) @ ways * 0.12
    noise = random.standard_normal((count, DIMENSION)).astype(np.float32) * 0.03
    return unit(centres[topic] + within + noise)


def with_neighbours(alone: Matrix) -> Matrix:
    """The context vectors that the embedding worker stores, for short messages without pauses."""
    mixed = alone.copy()
    mixed[1:] += PREVIOUS * alone[:-1]
    mixed[:-1] += NEXT * alone[1:]
    mixed[2:] += BEFORE_PREVIOUS * alone[:-2]
    return unit(mixed)


def messages(count: int, *, data: Path | None, random: np.random.Generator) -> list[MessageCreate]:
    """From a file that `longroom import` reads, repeated if it is too short; else generated."""
    said = _from_file(data) if data else _generated(random)
    return [
        MessageCreate(
            id=MessageId(f"m{number}"),
            created_at=STARTED_AT + timedelta(seconds=40 * number),
            **one,
        )
        for number, one in enumerate(islice(said, count))
    ]


def _from_file(data: Path) -> Iterator[dict[str, Any]]:
    opened = gzip.open if data.suffix == ".gz" else open
    with opened(data, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    wanted = ("participant", "role", "content")
    said = [{key: line[key] for key in wanted} for line in lines if _has_words(line["content"])]
    return cycle(said)


def _has_words(content: str) -> bool:
    return any(character.isalnum() for character in content)


def _generated(random: np.random.Generator) -> Iterator[dict[str, Any]]:
    words = np.array([f"word{number}" for number in range(SOME_WORDS)])
    share = 1 / np.arange(1, SOME_WORDS + 1)
    while True:
        lengths = random.integers(3, 25, size=1000)
        drawn = random.choice(words, size=int(lengths.sum()), p=share / share.sum())
        ends = np.cumsum(lengths)
        for number, (end, length) in enumerate(zip(ends, lengths, strict=True)):
            said = " ".join(drawn[end - length : end])
            speaker = f"person{random.zipf(1.6) % 500}"
            role = "assistant" if number % 2 else "user"
            yield {"participant": speaker, "role": role, "content": said}


async def fill_room(
    db: "asyncpg.Pool[Record]", *, count: int, data: Path | None, questions: int, seed: int = 0
) -> BenchRoom:
    """Written as the backend writes, with all embeddings stored."""
    random = np.random.default_rng([seed, count])
    said = messages(count, data=data, random=random)
    await ensure_model(db, name=MODEL, dimension=DIMENSION)
    conversation_id, _ = await create_room(db, name=f"{count} messages, {seed}")
    for start in range(0, count, BATCH):
        batch = said[start : start + BATCH]
        await append_messages(db, conversation_id=conversation_id, messages=batch)
    alone = clustered(count, random=random)
    room = BenchRoom(
        conversation_id=conversation_id,
        alone=alone,
        smoothed=with_neighbours(alone),
        participants=[one.participant for one in said],
        roles=[one.role for one in said],
        spoken_at=[one.created_at for one in said],
        questions=_questions(said, alone, count=questions, random=random),
        strangers=clustered(STRANGERS, random=random),
    )
    await store_rows(db, room, first=1, last=count)
    return room


def _questions(
    said: Sequence[MessageCreate], alone: Matrix, *, count: int, random: np.random.Generator
) -> list[Question]:
    """First words of messages of the room, with a vector near the message's."""
    asked = [place for place, one in enumerate(said) if len(one.content.split()) >= 5]
    places = random.choice(asked, size=count, replace=len(asked) < count)
    noise = random.standard_normal((count, DIMENSION)).astype(np.float32) * 0.03
    vectors = unit(alone[places] + noise)
    return [
        Question(" ".join(said[place].content.split()[:12]), vector)
        for place, vector in zip(places, vectors, strict=True)
    ]


STORE = """
insert into message_embedding (conversation_id, model_id, smoothed, seq, passage, participant,
                               role, created_at, embedding)
select $1, 1, made.smoothed, message.seq, 0, message.participant, message.role,
       message.created_at, made.embedding
  from unnest($2::bigint[], $3::boolean[], $4::halfvec[]) as made (seq, smoothed, embedding)
  join message on message.conversation_id = $1 and message.seq = made.seq
on conflict do nothing
"""

END_JOBS = """
delete from embedding_job where conversation_id = $1 and seq between $2 and $3
"""


async def store_rows(db: "asyncpg.Pool[Record]", room: BenchRoom, *, first: int, last: int) -> None:
    """Store the embeddings of seqs `first` to `last` and delete their jobs."""
    for start in range(first, last + 1, BATCH):
        seqs = range(start, min(start + BATCH, last + 1))
        rows = [(seq, kind) for kind in (False, True) for seq in seqs]
        vectors = [
            HalfVector((room.smoothed if kind else room.alone)[seq - 1]) for seq, kind in rows
        ]
        async with locked_conversation(db, room.conversation_id) as connection:
            await connection.execute(
                STORE,
                room.conversation_id,
                [seq for seq, _ in rows],
                [kind for _, kind in rows],
                vectors,
            )
            await connection.execute(END_JOBS, room.conversation_id, seqs[0], seqs[-1])
        await asyncio.sleep(0)
