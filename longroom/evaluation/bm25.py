"""Exact BM25 (Robertson et al. 1994), in memory: every message of a room is scored."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# Not those of retrieval.weights: fitting the search must not move the baseline.
K1 = 0.9
B = 0.4


class Bm25Index:
    def __init__(self, messages: Sequence[Counter[str]]) -> None:
        self._messages = len(messages)
        lengths = np.array([lexemes.total() for lexemes in messages], dtype=np.float64)
        mean = max(1.0, float(lengths.mean()))
        self._norm = K1 * (1 - B + B * lengths / mean)
        found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, lexemes in enumerate(messages):
            for lexeme, occurrences in lexemes.items():
                found[lexeme].append((place, occurrences))
        self._postings: dict[str, NDArray[np.int64]] = {
            lexeme: np.array(postings, dtype=np.int64) for lexeme, postings in found.items()
        }

    def best(self, lexemes: Iterable[str], *, count: int) -> list[tuple[int, float]]:
        """Index and score of the best messages, best first; only those with any of the lexemes."""
        score = np.zeros(self._messages)
        for lexeme in lexemes:
            if lexeme in self._postings:
                place, occurrences = self._postings[lexeme].T
                idf = math.log(1 + (self._messages - len(place) + 0.5) / (len(place) + 0.5))
                gain = occurrences * (K1 + 1) / (occurrences + self._norm[place])
                score[place] += idf * gain
        order = np.argsort(-score, kind="stable")[:count]
        return [(int(place), float(score[place])) for place in order if score[place] > 0]
