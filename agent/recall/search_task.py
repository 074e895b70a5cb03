"""One search that runs or has run, shared by everybody who wants the same."""

import asyncio
from collections.abc import Set
from dataclasses import dataclass

from opentelemetry.trace import Span

from agent.recall.query import TurnQuery
from retrieval.wire import RetrievalHit, SearchResponse


def hits_without(response: SearchResponse, exclude: Set[str]) -> list[RetrievalHit]:
    """The hits, less what entered the window since the search began, also as a neighbour."""
    return [
        hit.model_copy(
            update={
                "before": [near for near in hit.before if near.id not in exclude],
                "after": [near for near in hit.after if near.id not in exclude],
            }
        )
        for hit in response.hits
        if hit.message.id not in exclude
    ]


@dataclass
class SearchTask:
    """`taken` by a turn, which found it `late`; or a `probe` of whether the backend is well."""

    task: asyncio.Task[SearchResponse]
    query: TurnQuery
    started_at: float
    ended_at: float = 0.0
    taken: bool = False
    probe: bool = False
    late: bool = False
    span: Span | None = None

    def serves(self, query: TurnQuery) -> bool:
        """Whether it left out nothing that is to be found now, and read the words as they are now.

        Most queries stand on their own: what has been said since does not change their search.
        """
        if not self.query.exclude <= query.exclude:
            return False
        if not self.task.done():
            return self.query.window == query.window
        if self.task.cancelled() or self.task.exception() is not None:
            return False
        return self.query.window == query.window or self.task.result().read_as is None
