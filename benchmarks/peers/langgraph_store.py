"""LangGraph's InMemoryStore with our embedder as its embed function."""

from collections.abc import Sequence
from importlib.metadata import version

from langgraph.store.memory import InMemoryStore

from benchmarks.peers.job import DEPTH, Job, Outcome, Scored

ABSENT = ["PostgresStore: the same vectors in pgvector"]


def rank(job: Job) -> Outcome:
    def embed(texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = job.embeddings.of(texts).tolist()
        return vectors

    store = InMemoryStore(
        index={"dims": job.embeddings.dimension, "embed": embed, "fields": ["text"]}
    )
    for name, documents in job.rooms.items():
        for document in documents:
            store.put((name,), document.id, {"text": document.text})
    rankings = [
        [
            Scored(item.key, item.score or 0.0)
            for item in store.search((asked.room,), query=asked.text, limit=DEPTH)
        ]
        for asked in job.asked
    ]
    return Outcome(rankings, version=f"langgraph {version('langgraph')}", absent=ABSENT)
