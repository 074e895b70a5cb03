"""Memories that others attach to a LiveKit agent, beside ours, each with its own store.

Each is told the same history, spoken to alike, asked the same questions, and killed (SIGKILL) a
moment after it was handed the last of some exchanges, one a second. Only what people said is
counted as lost. The servers behind them, of ours the backend, live on.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from benchmarks import evidence
from benchmarks.peers.spoken.apart import (
    Outcome,
    PeerMissing,
    kill_when_handed,
    run_program,
    run_step,
)
from benchmarks.peers.spoken.hindsight_server import hindsight_server
from benchmarks.peers.spoken.memory import Exchange, Job
from benchmarks.peers.spoken.model_server import Models, model_server
from benchmarks.spoken import Turn
from longroom.evaluation.questions import Dialogue
from retrieval.embedders import open_embedder
from retrieval.settings import EmbeddingSettings
from retrieval.wire import MessageCreate
from testbed.postgres import Server, create_database

NOT_RUN = Path(__file__).parent / "peers" / "spoken" / "not_run.json"
EMPTY = "template1"
DSN = "VOICEMEM_PG_DSN"
VOICEMEM_SCHEMA = ("voicemem-db", "--embed-model", "local", "--embed-dim", "384", "upgrade")
HANDED = 20
PAUSE_S = 1.0
SETTLED_S = 5.0
"""For servers to end what a process that was killed had asked of them."""
EMBEDDING = "its embedding model, which is downloaded at run time: ours, over OpenAI's API"
LANGUAGE = (
    "a language model: what stands in for it makes each message one fact, word for word, at once,"
    " and in a second a call while exchanges are handed over"
)
ABSENT = {
    "voicemem": [EMBEDDING, LANGUAGE],
    "hindsight": [
        EMBEDDING,
        LANGUAGE,
        "its reranking model, which is downloaded at run time: ranks are fused instead (rrf)",
        "observations, which its language model would make in the background",
    ],
}


@dataclass(frozen=True)
class Jobs:
    """The same store, with a language model that answers at once, and with a slow one."""

    quick: Job
    slow: Job


@dataclass(frozen=True)
class Comparison:
    """`history` and `turns` are those of the other rows; `dialogue` is what is asked about."""

    history: Sequence[MessageCreate]
    turns: Sequence[MessageCreate]
    sessions: int
    dialogue: Dialogue
    kills: int
    kill_after_s: float


def reasons() -> dict[str, str]:
    """Why a memory has no row, by its name and version."""
    given: dict[str, str] = json.loads(NOT_RUN.read_text(encoding="utf-8"))
    return given


async def ours(comparison: Comparison, *, backend: str, folder: Path) -> dict[str, Any]:
    """All but its turns."""
    job = Job(owner="", store=backend, folder=str(folder))
    row, _ = await _found_and_lost("ours", Jobs(job, job), comparison)
    return row


async def others(comparison: Comparison, postgres: Server) -> tuple[dict[str, Any], dict[str, str]]:
    """Their rows, and why others have none."""
    rows: dict[str, Any] = {}
    missing = reasons()
    embedder = await asyncio.to_thread(open_embedder, EmbeddingSettings())
    try:
        async with model_server(embedder) as models:
            for name in ABSENT:
                try:
                    async with _jobs(name, postgres, models) as jobs:
                        rows[name] = await _row(name, jobs, comparison)
                except PeerMissing as error:
                    missing[name] = str(error)
                else:
                    print(f"{name}: {rows[name]}", file=sys.stderr)
    finally:
        await embedder.aclose()
    return rows, missing


@asynccontextmanager
async def _jobs(name: str, postgres: Server, models: Models) -> AsyncIterator[Jobs]:
    database = postgres.database_url(await create_database(postgres, template=EMPTY))
    if name == "voicemem":
        await asyncio.to_thread(run_program, name, *VOICEMEM_SCHEMA, env={DSN: database})
        job = Job(owner="", store=database, models=models.url)
        yield Jobs(job, replace(job, models=models.slow))
        return
    async with (
        hindsight_server(database=database, models=models.url) as url,
        hindsight_server(database=database, models=models.slow) as slow,
    ):
        yield Jobs(Job(owner="", store=url), Job(owner="", store=slow))


async def _row(name: str, jobs: Jobs, comparison: Comparison) -> dict[str, Any]:
    spoken = replace(
        jobs.quick,
        owner="turns",
        exchanges=evidence.exchanges(comparison.history),
        turns=[message.content for message in comparison.turns],
        sessions=comparison.sessions,
    )
    done = await _step(name, "turns", spoken)
    row = figures([Turn(*turn) for turn in done.value])
    found_and_lost, version = await _found_and_lost(name, jobs, comparison)
    return row | found_and_lost | {"version": version, "absent": ABSENT[name]}


def figures(turns: Sequence[Turn]) -> dict[str, Any]:
    added = np.percentile([turn.added_ms for turn in turns], [50, 95, 99])
    calls = [turn.llm_calls for turn in turns]
    return {
        "turns": len(turns),
        "added_ms": dict(zip(("p50", "p95", "p99"), added.round(2).tolist(), strict=True)),
        "preemptive_kept_share": round(float(np.mean([count == 1 for count in calls])), 4),
        "llm_calls_per_turn": round(float(np.mean(calls)), 3),
    }


async def _found_and_lost(
    name: str, jobs: Jobs, comparison: Comparison
) -> tuple[dict[str, Any], str]:
    dialogue = comparison.dialogue
    asking = replace(
        jobs.quick,
        owner="asked",
        exchanges=evidence.exchanges(dialogue.messages),
        questions=[question.text for question in dialogue.questions],
    )
    answered = await _step(name, "ask", asking)
    row = evidence.figures(dialogue, answered.value)
    said = [Exchange(one.said, "Noted.") for one in asking.exchanges[:HANDED]]
    lost = [
        await _lost(name, _to_kill(jobs.slow, said), comparison.kill_after_s)
        for _ in range(comparison.kills)
    ]
    return row | {"handed": len(said) * len(lost), "lost": sum(lost)}, answered.version


def _to_kill(job: Job, exchanges: Sequence[Exchange]) -> Job:
    return replace(job, owner=f"killed-{uuid4().hex}", exchanges=exchanges, pause_s=PAUSE_S)


async def _lost(name: str, job: Job, after_s: float) -> int:
    """What people said, and a new process does not find in the store."""
    await asyncio.to_thread(kill_when_handed, name, job, after_s)
    await asyncio.sleep(SETTLED_S)
    kept = (await _step(name, "stored", replace(job, exchanges=()))).value
    return sum(not any(evidence.shows(text, one.said) for text in kept) for one in job.exchanges)


async def _step(name: str, step: str, job: Job) -> Outcome:
    return await asyncio.to_thread(run_step, name, step, job)
