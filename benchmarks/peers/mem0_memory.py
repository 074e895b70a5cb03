"""mem0 with `infer=False`: each message is a memory as it is, in its local Qdrant store."""

import os
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.peers.job import DEPTH, Asked, Document, Embeddings, Job, Outcome, Ranked, Scored

OPTIONAL = {
    "fastembed": "keyword search (mem0ai[extras]): its model is downloaded at run time",
    "spacy": "lemmas and entities (mem0ai[nlp]): their model is downloaded at run time",
}
INFERENCE = "extraction of facts (infer=True): needs a language model"
RERANKING = "reranking: off by default, needs a model of its own"


def rank(job: Job) -> Outcome:
    """One memory per room: its local store compares all that it holds."""
    with tempfile.TemporaryDirectory() as folder:
        # mem0 reads these while it is imported.
        os.environ["MEM0_DIR"] = folder
        os.environ["MEM0_TELEMETRY"] = "False"
        rooms = {
            name: _fill(Path(folder) / str(number), documents, job.embeddings)
            for number, (name, documents) in enumerate(job.rooms.items())
        }
        rankings = [_search(rooms[asked.room], asked) for asked in job.asked]
        for memory in rooms.values():
            memory.close()
    return Outcome(rankings, version=f"mem0ai {version('mem0ai')}", absent=_absent())


class _OurEmbedder:
    """Takes the place of mem0's embedder."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        vector: list[float] = self._embeddings.of([text])[0].tolist()
        return vector

    def embed_batch(self, texts: Sequence[str], memory_action: str | None = None) -> Any:
        return self._embeddings.of(texts).tolist()


def _fill(folder: Path, documents: Sequence[Document], embeddings: Embeddings) -> Any:
    from mem0 import Memory

    store = {"path": str(folder), "embedding_model_dims": embeddings.dimension, "on_disk": False}
    unused = {"api_key": "unused", "model": "unused"}
    memory = Memory.from_config(
        {
            "vector_store": {"provider": "qdrant", "config": store},
            "embedder": {"provider": "openai", "config": unused},
            "llm": {"provider": "openai", "config": unused},
            "history_db_path": ":memory:",
        }
    )
    memory.embedding_model = _OurEmbedder(embeddings)
    for document in documents:
        said = [{"role": "user", "content": document.text}]
        memory.add(said, run_id="room", metadata={"message": document.id}, infer=False)
    return memory


def _search(memory: Any, asked: Asked) -> Ranked:
    found = memory.search(asked.text, top_k=DEPTH, filters={"run_id": "room"}, threshold=0.0)
    return [Scored(one["metadata"]["message"], one["score"]) for one in found["results"]]


def _absent() -> list[str]:
    missing = [why for package, why in OPTIONAL.items() if find_spec(package) is None]
    return [*missing, INFERENCE, RERANKING]
