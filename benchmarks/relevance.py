"""Fits the rule that tells whether anything in a room is near a query, and says how well it does.

    python -m benchmarks.relevance locomo_dev.json [room.jsonl ...]

Positives are the answerable questions of each conversation, and keywords drawn from its messages,
right and misspelt; negatives are the same in the next conversation. Each conversation is judged by
a rule fitted on the others. Prints one JSON object: the coefficients for
`retrieval/search/scoring/relevance.py`, and AUROC by kind, as it is and fitted.
"""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from longroom.evaluation.datasets import read_dataset
from longroom.evaluation.metrics import auroc
from longroom.evaluation.questions import Dialogue
from longroom.evaluation.rooms import fill_rooms
from longroom.evaluation.run import Asking, strangers
from longroom.evaluation.scratch import scratch_database
from retrieval.columns import Floats
from retrieval.embedders import open_embedder
from retrieval.embedders.query_batching import BatchingEmbedder
from retrieval.search.candidates import Search, find_candidates
from retrieval.search.in_context import read_in_context
from retrieval.search.query.filters import Filters
from retrieval.search.ranking import rank
from retrieval.search.scoring.relevance import Evidence, nearness
from retrieval.search.stored.source import StoredSource
from retrieval.search.vector.cosines import Target
from retrieval.settings import EmbeddingSettings
from retrieval.text.terms.forms import content
from retrieval.weights import WEIGHTS
from retrieval.wire import SearchRequest
from testbed.postgres import running_server

if TYPE_CHECKING:
    from retrieval.search.context import SearchContext
    from retrieval.search.query.query import Query

KEYWORDS = 40
"""Drawn per conversation, of one to three words."""
RIDGE = 3.0
NAMES = ("best_score", "log1p_terms", "keywords", "keywords_matched", "constant")


@dataclass(frozen=True)
class Asked:
    room: Dialogue
    text: str
    asker: str | None
    kind: str
    said: bool


@dataclass(frozen=True)
class Judged:
    asked: Asked
    evidence: Evidence


def questions(dialogues: Sequence[Dialogue]) -> Iterator[Asked]:
    for dialogue in dialogues:
        for one in dialogue.questions:
            if one.answerable:
                yield Asked(dialogue, one.text, one.asker, "question", said=True)
    for room, question in strangers(dialogues):
        yield Asked(room, question.text, question.asker, "question", said=False)


def keywords(dialogues: Sequence[Dialogue], random: Random) -> Iterator[Asked]:
    for dialogue, other in zip(dialogues, [*dialogues[1:], dialogues[0]], strict=True):
        elsewhere = [set(content(one.content, language="english")) for one in other.messages]
        for message in random.sample(dialogue.messages, min(KEYWORDS, len(dialogue.messages))):
            words = [w for w in content(message.content, language="english") if w.isalpha()]
            long = sorted({word for word in words if len(word) > len("many")})
            if len(long) < 2:  # one word alone may be said anywhere
                continue
            drawn = random.sample(long, random.choice((2, min(3, len(long)))))
            yield Asked(dialogue, " ".join(drawn), None, "keywords", said=True)
            slip = [drawn[0][:2] + drawn[0][3:], *drawn[1:]]
            yield Asked(dialogue, " ".join(slip), None, "misspelt", said=True)
            if not any(set(drawn) <= said for said in elsewhere):
                yield Asked(other, " ".join(drawn), None, "keywords", said=False)


async def judge(asking: Asking, asked: Asked) -> Judged | None:
    """None for small talk, which is not searched."""
    request = SearchRequest(query=asked.text, asker=asked.asker)
    query, context = await read_in_context(
        asking.db,
        conversation_id=asking.rooms[asked.room.name],
        request=request,
        now=max(one.created_at for one in asked.room.messages) + timedelta(days=1),
    )
    if query.small_talk:
        return None
    target = await _target(asking, context, query)
    filters = Filters.of(request, excluded=context.excluded)
    search = Search(StoredSource(asking.db, context), context, query, filters, WEIGHTS, target)
    candidates = await find_candidates(search, at_least=request.limit)
    return Judged(asked, rank(candidates, query, weights=WEIGHTS, degraded=False).evidence)


async def _target(asking: Asking, context: "SearchContext", query: "Query") -> Target:
    assert context.model is not None  # the rooms were embedded just before
    vectors = await asking.embedder.embed([query.embedded_text], kind="query")
    return Target(context.conversation_id, context.model.model_id, vectors[0])


def features(judged: Sequence[Judged]) -> Floats:
    found = [one.evidence for one in judged]
    return np.array(
        [
            [one.best_score, np.log1p(one.terms), one.keywords, one.keywords * one.matched, 1.0]
            for one in found
        ]
    )


def logistic(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Newton's method with a ridge on all but the constant."""
    found = np.zeros(x.shape[1])
    ridge = RIDGE * np.diag([*np.ones(x.shape[1] - 1), 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ found))
        slope = x.T @ (weight * (p - y)) + ridge @ found
        found = found - np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + ridge, slope)
    return found


def report(judged: Sequence[Judged]) -> dict[str, object]:
    x, y = features(judged), np.array([float(one.asked.said) for one in judged])
    sizes = Counter((one.asked.kind, one.asked.said) for one in judged)
    weight = np.array([500 / sizes[one.asked.kind, one.asked.said] for one in judged])
    room = np.array([one.asked.room.name for one in judged])
    left_out = np.zeros(len(judged))
    for name in dict.fromkeys(room.tolist()):
        out = room == name
        left_out[out] = x[out] @ logistic(x[~out], y[~out], weight[~out])
    fitted = logistic(x, y, weight)
    present = np.array([nearness(one.evidence) for one in judged])
    return {
        "coefficients": dict(zip(NAMES, fitted.round(2).tolist(), strict=True)),
        "auroc_present": _by_kind(judged, present),
        "auroc_left_out": _by_kind(judged, left_out),
    }


def _by_kind(judged: Sequence[Judged], score: Floats) -> dict[str, float]:
    """Misspelt keywords against the keywords of another conversation."""
    against = {"question": "question", "keywords": "keywords", "misspelt": "keywords"}
    return {
        kind: round(
            auroc(
                [s for one, s in zip(judged, score, strict=True) if _is(one, kind, said=True)],
                [s for one, s in zip(judged, score, strict=True) if _is(one, other, said=False)],
            ),
            4,
        )
        for kind, other in against.items()
    }


def _is(judged: Judged, kind: str, *, said: bool) -> bool:
    return judged.asked.kind == kind and judged.asked.said == said


async def measure(files: Sequence[Path]) -> dict[str, object]:
    dialogues = [
        replace(one, name=f"{path.stem}/{one.name}")
        for path in files
        for one in read_dataset(path, form="locomo" if path.suffix == ".json" else "jsonl")
    ]
    embedder = BatchingEmbedder(open_embedder(EmbeddingSettings()))
    with running_server() as server:
        async with scratch_database(server.url) as db:
            rooms = await fill_rooms(db, embedder, dialogues)
            await db.execute("vacuum analyze")
            asking = Asking(db, embedder, rooms)
            asked = [*questions(dialogues), *keywords(dialogues, Random(1))]  # noqa: S311
            judged = [await judge(asking, one) for one in asked]
    return report([one for one in judged if one is not None])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help=".json: LoCoMo's form; else JSON Lines")
    print(json.dumps(asyncio.run(measure(parser.parse_args().files))))


if __name__ == "__main__":
    main()
