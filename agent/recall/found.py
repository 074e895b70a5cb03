"""What a search has found for a turn, whether or not it was shown."""

from collections.abc import Set
from dataclasses import dataclass, replace

from agent.messages.erasures import Erasures
from agent.recall.search_task import SearchState, SearchTask, hits_without
from retrieval.wire import RetrievalHit, SearchResponse, SearchTimings


@dataclass(frozen=True)
class Found:
    """`hits` are kept also where they seem not to answer the query, and so are not shown."""

    hits: tuple[RetrievalHit, ...]
    relevant: bool
    confidence: float
    read_as: str | None
    timings: SearchTimings

    @classmethod
    def of(cls, response: SearchResponse, *, exclude: Set[str]) -> "Found":
        return cls(
            hits=tuple(hits_without(response, exclude)),
            relevant=response.relevant,
            confidence=response.confidence,
            read_as=response.read_as,
            timings=response.timings,
        )

    @classmethod
    def late(cls, search: SearchTask | None) -> "Found | None":
        """Of a search that has ended since."""
        if search is None or search.state is not SearchState.ANSWERED:
            return None
        return cls.of(search.response, exclude=frozenset())

    def without(self, erasures: Erasures) -> "Found":
        kept = tuple(hit for hit in self.hits if not erasures.touches(hit))
        return replace(self, hits=kept, read_as=None)
