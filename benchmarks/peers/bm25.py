"""Exact BM25 over PostgreSQL's English lexemes (Robertson et al. 1994), every message scored."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.job import DEPTH, Job, Outcome, Ranked, Scored

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

K1 = 0.9
B = 0.4

LEXEMES = """
select place - 1 as place, lexeme, cardinality(positions) as occurrences
  from unnest($1::text[]) with ordinality as given (text, place),
       unnest(to_tsvector('english', given.text))
"""


async def rank(job: Job, db: "asyncpg.Pool[Record]") -> Outcome:
    """Messages without any word of the query are not ranked."""
    indexes = {
        name: Index(await _lexemes(db, [document.text for document in documents]))
        for name, documents in job.rooms.items()
    }
    queries = await _lexemes(db, [asked.text for asked in job.asked])
    rankings: list[Ranked] = []
    for asked, words in zip(job.asked, queries, strict=True):
        documents = job.rooms[asked.room]
        best = indexes[asked.room].best(words)
        rankings.append([Scored(documents[place].id, score) for place, score in best])
    return Outcome(rankings)


async def _lexemes(db: "asyncpg.Pool[Record]", texts: Sequence[str]) -> list[Counter[str]]:
    counted: list[Counter[str]] = [Counter() for _ in texts]
    for row in await db.fetch(LEXEMES, list(texts)):
        counted[row["place"]][row["lexeme"]] = row["occurrences"]
    return counted


class Index:
    """The lexemes of a room, ready to score any words against all messages."""

    def __init__(self, documents: Sequence[Counter[str]]) -> None:
        self._documents = len(documents)
        lengths = np.array([words.total() for words in documents], dtype=np.float64)
        self._norm = K1 * (1 - B + B * lengths / max(1.0, float(lengths.mean())))
        found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, words in enumerate(documents):
            for lexeme, occurrences in words.items():
                found[lexeme].append((place, occurrences))
        self._postings: dict[str, NDArray[np.int64]] = {
            lexeme: np.array(postings, dtype=np.int64) for lexeme, postings in found.items()
        }

    def best(self, words: Iterable[str]) -> list[tuple[int, float]]:
        """Places and scores of the best messages that have any of the words, best first."""
        score = np.zeros(self._documents)
        for word in words:
            if word in self._postings:
                place, occurrences = self._postings[word].T
                idf = math.log(1 + (self._documents - len(place) + 0.5) / (len(place) + 0.5))
                gain = occurrences * (K1 + 1) / (occurrences + self._norm[place])
                score[place] += idf * gain
        order = np.argsort(-score, kind="stable")[:DEPTH]
        return [(int(place), float(score[place])) for place in order if score[place] > 0]
