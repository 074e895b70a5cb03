"""Plain pgvector: one wide table, ordered by cosine distance, without an index."""

from typing import TYPE_CHECKING

from benchmarks.peers.job import DEPTH, Asked, Job, Outcome, Ranked, Scored

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

TABLE = """
create table plain_message (
    room text not null,
    id text not null,
    content text not null,
    embedding vector not null,
    primary key (room, id)
)
"""

NEAREST = """
select id, 1 - (embedding <=> $2) as cosine
  from plain_message
 where room = $1
 order by embedding <=> $2
 limit $3
"""


async def rank(job: Job, db: "asyncpg.Pool[Record]") -> Outcome:
    """Fills a table of its own in the database, then asks."""
    await db.execute(TABLE)
    for name, documents in job.rooms.items():
        rows = job.embeddings.of([document.text for document in documents])
        await db.copy_records_to_table(
            "plain_message",
            records=[
                (name, document.id, document.text, row)
                for document, row in zip(documents, rows, strict=True)
            ],
        )
    await db.execute("vacuum analyze plain_message")
    return Outcome([await _nearest(db, job, asked) for asked in job.asked])


async def _nearest(db: "asyncpg.Pool[Record]", job: Job, asked: Asked) -> Ranked:
    vector = job.embeddings.of([asked.text])[0]
    rows = await db.fetch(NEAREST, asked.room, vector, DEPTH)
    return [Scored(row["id"], row["cosine"]) for row in rows]
