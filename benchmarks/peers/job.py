"""What each peer gets and returns; sent as JSON to peers in a separate environment."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

DEPTH = 100
"""Messages that a peer ranks for each query; every figure is read off this one ranking."""


class Document(NamedTuple):
    id: str
    text: str


class Asked(NamedTuple):
    room: str
    text: str


class Scored(NamedTuple):
    """Higher scores are better."""

    id: str
    score: float


Ranked = list[Scored]
"""Best first, at most DEPTH."""


class Embeddings:
    """Made once by our embedder, the same for all peers."""

    def __init__(self, texts: Sequence[str], rows: Matrix) -> None:
        self.texts = list(texts)
        self.rows = rows
        self._place = {text: place for place, text in enumerate(texts)}

    @classmethod
    def joined(cls, first: "Embeddings", second: "Embeddings") -> "Embeddings":
        """A text in both keeps the first's embedding."""
        known = set(first.texts)
        fresh = [place for place, text in enumerate(second.texts) if text not in known]
        texts = [*first.texts, *(second.texts[place] for place in fresh)]
        return cls(texts, np.concatenate((first.rows, second.rows[fresh])))

    @property
    def dimension(self) -> int:
        return int(self.rows.shape[1])

    def of(self, texts: Sequence[str]) -> Matrix:
        """Raises KeyError for a text that is not of the job: peers must not change texts."""
        return np.asarray(self.rows[[self._place[text] for text in texts]], dtype=np.float32)


@dataclass(frozen=True)
class Job:
    """Rooms are oldest message first."""

    rooms: Mapping[str, Sequence[Document]]
    asked: Sequence[Asked]
    embeddings: Embeddings

    def to_json(self) -> str:
        rows = base64.b64encode(self.embeddings.rows.astype("<f4").tobytes()).decode()
        return json.dumps(
            {
                "rooms": self.rooms,
                "asked": self.asked,
                "texts": self.embeddings.texts,
                "dimension": self.embeddings.dimension,
                "rows": rows,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Job":
        given = json.loads(text)
        rows = np.frombuffer(base64.b64decode(given["rows"]), dtype="<f4")
        return cls(
            rooms={
                name: [Document(*document) for document in documents]
                for name, documents in given["rooms"].items()
            },
            asked=[Asked(*asked) for asked in given["asked"]],
            embeddings=Embeddings(given["texts"], rows.reshape(-1, given["dimension"])),
        )


@dataclass(frozen=True)
class Outcome:
    """One ranking per query of the job, in its order."""

    rankings: list[Ranked]
    version: str | None = None
    absent: list[str] = field(default_factory=list)
    """Parts of the peer that did not take part, and why."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Outcome":
        given = json.loads(text)
        rankings = [[Scored(*one) for one in ranked] for ranked in given.pop("rankings")]
        return cls(rankings=rankings, **given)
