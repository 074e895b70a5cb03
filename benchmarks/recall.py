"""Compares how well we and our peers find the evidence in old messages.

    python -m benchmarks.recall DATA [--format jsonl] [--only PEER ...]

All systems get the same messages as `speaker: text` and the same embeddings; ours is the backend's
search on PostgreSQL. Prints a table, and one JSON object as the last line. Fails if the peers that
are exact nearest neighbours disagree.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.embedding_cache import CachedEmbedder
from benchmarks.peers import apart
from benchmarks.peers.agreement import farthest_apart
from benchmarks.peers.job import Asked, Document, Embeddings, Job, Outcome, Scored
from benchmarks.recall_figures import Answers, as_answers, print_table, summary
from longroom.evaluation.baselines import Query, rank_baselines
from longroom.evaluation.datasets import read_dataset
from longroom.evaluation.jsonl import DatasetUnreadable
from longroom.evaluation.questions import Dialogue
from longroom.evaluation.rooms import fill_rooms
from longroom.evaluation.run import Asking, ask_all, ask_small_talk, ask_strangers
from retrieval.database.pool import connect
from retrieval.embedders import Embedder, open_embedder
from retrieval.settings import EmbeddingSettings
from retrieval.text.passages import document_text
from testbed.postgres import create_database, running_server

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

BASELINES = {"last_10": "newest", "pgvector": "pgvector", "bm25": "bm25", "rrf_60": "rrf60"}
"""Names in the results, and of the baselines that `longroom evaluate --peers` measures too."""
APART = ("langgraph_store", "mem0")
EXACT = ("pgvector", *APART)
"""Exact nearest neighbours, as long as each message is one passage: pgvector ranks passages."""
AGREE_WITHIN = 1e-4
"""Cosines may differ by 16-bit rounding and the order of sums."""


@dataclass(frozen=True)
class Bench:
    db: "asyncpg.Pool[Record]"
    embedder: Embedder
    dialogues: Sequence[Dialogue]


async def fill(bench: Bench) -> Asking:
    rooms = await fill_rooms(bench.db, bench.embedder, bench.dialogues)
    await bench.db.execute("vacuum analyze")
    return Asking(bench.db, bench.embedder, rooms)


async def ask_ours(asking: Asking, dialogues: Sequence[Dialogue]) -> Answers:
    """Through the function behind the backend's search endpoint."""
    return Answers(
        third_person=await ask_all(asking, dialogues),
        first_person=await ask_all(asking, [one.in_first_person() for one in dialogues]),
        strangers=await ask_strangers(asking, dialogues),
        small_talk=await ask_small_talk(asking, dialogues),
    )


async def make_job(bench: Bench, ours: Answers) -> Job:
    """Its queries are exactly those that our search got."""
    documents = {
        dialogue.name: [
            Document(one.id, document_text(one.participant, one.content))
            for one in dialogue.messages
        ]
        for dialogue in bench.dialogues
    }
    # mem0 strips its queries.
    asked = [Asked(one.dialogue, one.question.text.strip()) for one in ours.all]
    texts = [one.text for said in documents.values() for one in said]
    stored = await _embed(bench.embedder, texts, kind="document")
    queries = await _embed(bench.embedder, [one.text for one in asked], kind="query")
    return Job(documents, asked, Embeddings.joined(stored, queries))


async def _embed(embedder: Embedder, texts: Sequence[str], *, kind: Any) -> Embeddings:
    unique = list(dict.fromkeys(texts))
    return Embeddings(unique, await embedder.embed(unique, kind=kind))


async def ask_peers(asking: Asking, job: Job, only: Sequence[str]) -> dict[str, Outcome]:
    """All peers if `only` is empty."""
    wanted = only or (*BASELINES, *APART)
    outcomes: dict[str, Outcome] = {}
    if set(wanted) & set(BASELINES):
        print("asking the baselines ...", file=sys.stderr)
        ranked = await rank_baselines(asking, [Query(*asked) for asked in job.asked])
        for name in (name for name in BASELINES if name in wanted):
            rankings = ranked[BASELINES[name]]
            outcomes[name] = Outcome([[Scored(*one) for one in ranking] for ranking in rankings])
    for name in (name for name in APART if name in wanted):
        print(f"asking {name} ...", file=sys.stderr)
        outcomes[name] = await asyncio.to_thread(apart.rank, name, job)
    return outcomes


async def compare(bench: Bench, only: Sequence[str]) -> dict[str, Any]:
    asking = await fill(bench)
    ours = await ask_ours(asking, bench.dialogues)
    job = await make_job(bench, ours)
    outcomes = await ask_peers(asking, job, only)
    table: dict[str, dict[str, Any]] = {"ours": summary(ours)}
    for name, outcome in outcomes.items():
        answers = as_answers(outcome, ours, bench.dialogues)
        table[name] = summary(answers, decides=name != "last_10")
        table[name] |= {"version": outcome.version, "absent": outcome.absent}
    print_table(table)
    exact = {name: outcomes[name] for name in EXACT if name in outcomes}
    return {**table, "farthest_apart": farthest_apart(job, exact)}


async def main(arguments: argparse.Namespace) -> None:
    dialogues = read_dataset(arguments.data, form=arguments.format)
    with running_server() as server:
        db = await connect(server.database_url(await create_database(server)), pool_size=8)
        embedder = CachedEmbedder(open_embedder(EmbeddingSettings()))
        try:
            result = await compare(Bench(db, embedder, dialogues), arguments.only)
        finally:
            await embedder.aclose()
            await db.close()
    sizes = [len(dialogue.messages) for dialogue in dialogues]
    print(json.dumps({"messages_per_room": sizes, "embedder": embedder.name, **result}))
    if result["farthest_apart"] > AGREE_WITHIN:
        sys.exit("the exact peers do not agree: something is wrong with this comparison")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--format", choices=["locomo", "jsonl"], default="locomo")
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER", help="these peers only")
    options = parser.parse_args()
    try:
        asyncio.run(main(options))
    except (DatasetUnreadable, apart.PeersMissing) as error:
        sys.exit(f"bench-recall: {error}")
