"""One search of one conversation, from the request to the response, in the order of its steps."""

import logging
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING

from retrieval.errors import EmbeddingError
from retrieval.search.candidates import Search, find_candidates
from retrieval.search.context import SearchContext
from retrieval.search.hits import SPARE, build_hits
from retrieval.search.in_context import read_in_context
from retrieval.search.query.filters import Filters
from retrieval.search.query.query import Query
from retrieval.search.query.small_talk import Use, possible_title
from retrieval.search.ranking import rank
from retrieval.search.scoring.relevance import Evidence, confidence, is_relevant
from retrieval.search.source import Source
from retrieval.search.sources import Sources
from retrieval.search.uses import use_in_room
from retrieval.search.vector.cosines import Target
from retrieval.spans import search_span
from retrieval.weights import WEIGHTS, Weights
from retrieval.wire import (
    Arm,
    ConversationId,
    RetrievalHit,
    SearchRequest,
    SearchResponse,
    SearchTimings,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database
    from retrieval.embedders import Embedder
    from retrieval.search.memory.loading.kept import KeptRoom
    from retrieval.search.memory.rooms import Rooms

logger = logging.getLogger(__name__)


async def search_conversation(
    db: "Database",
    embedder: "Embedder | None",
    *,
    conversation_id: ConversationId,
    request: SearchRequest,
    weights: Weights = WEIGHTS,
    now: datetime | None = None,
    rooms: "Rooms[KeptRoom] | None" = None,
) -> SearchResponse:
    """Answer the request from one conversation. Raises ConversationNotFound.

    Words alone decide, and the response says so, if the embedder is missing, fails, or has another
    model than the active one. `now` is what "yesterday" refers to; None: the current time. A
    conversation that is among `rooms` is searched in memory, with the same response.
    """
    clock = _Clock()
    sources = Sources(db, conversation_id, rooms)
    query, context = await read_in_context(
        db,
        conversation_id=conversation_id,
        request=request,
        now=now or datetime.now(UTC),
        room=sources.room,
    )
    use = await _use(sources, context, query, request)
    if use is Use.NOWHERE:
        return _response(context, [], evidence=None, clock=clock)
    target = await _embed(embedder, context=context, query=query, clock=clock)
    async with sources.source(context) as source:
        filters = await _filters(source, context, request)
        search = Search(source, context, query, filters, weights, target)
        with search_span("candidates"):
            candidates = await find_candidates(search, at_least=request.limit + SPARE)
        clock.candidates_found()
        with search_span("rank"):
            ranking = rank(candidates, query, weights=weights, degraded=target is None)
        hits = await build_hits(source, context, ranking, candidates, query, request)
    sources.prepare_next(context)
    return _response(
        context,
        hits,
        evidence=ranking.evidence if use is Use.NAMED else None,
        clock=clock,
        degraded=["vector"] if target is None else [],
        read_as=query.text if query.text != request.query else None,
    )


async def _use(
    sources: Sources, context: SearchContext, query: Query, request: SearchRequest
) -> Use:
    """Whether the room uses words of small talk as a name; nobody is asked what can be none."""
    if not query.small_talk:
        return Use.NAMED
    title = possible_title(query.text)
    if title is None:
        return Use.NOWHERE
    async with sources.source(context) as source:
        return await use_in_room(source, context, title, request)


async def _filters(source: Source, context: SearchContext, request: SearchRequest) -> Filters:
    if not request.metadata:
        return Filters.of(request, excluded=context.excluded)
    listed = await source.listed(request.metadata)
    return Filters.of(request, excluded=context.excluded, listed=listed)


async def _embed(
    embedder: "Embedder | None", *, context: SearchContext, query: Query, clock: "_Clock"
) -> Target | None:
    if embedder is None or context.model is None or embedder.name != context.model.name:
        return None
    start = perf_counter()
    try:
        with search_span("embed"):
            vectors = await embedder.embed([query.embedded_text], kind="query")
    except EmbeddingError as error:
        logger.warning(
            "search without the vector arm: the embedder failed",
            extra={"conversation_id": str(context.conversation_id), "error": type(error).__name__},
        )
        return None
    clock.embed_ms = _milliseconds_since(start)
    return Target(context.conversation_id, context.model.model_id, vectors[0])


def _response(
    context: SearchContext,
    hits: list[RetrievalHit],
    *,
    evidence: Evidence | None,
    clock: "_Clock",
    degraded: list[Arm] | None = None,
    read_as: str | None = None,
) -> SearchResponse:
    return SearchResponse(
        hits=hits,
        relevant=bool(hits) and evidence is not None and is_relevant(evidence),
        confidence=confidence(evidence) if evidence is not None else 0.0,
        message_count=context.message_count,
        pending=context.pending,
        model=context.model.name if context.model else None,
        timings=clock.timings(),
        degraded=degraded or [],
        read_as=read_as,
        revision=context.revision,
    )


class _Clock:
    def __init__(self) -> None:
        self._start = perf_counter()
        self.embed_ms = 0.0
        self._candidates_ms = 0.0

    def candidates_found(self) -> None:
        """Count all time since the start, except embedding, as the search for candidates."""
        self._candidates_ms = _milliseconds_since(self._start) - self.embed_ms

    def timings(self) -> SearchTimings:
        return SearchTimings(
            embed_ms=self.embed_ms,
            candidates_ms=self._candidates_ms,
            total_ms=_milliseconds_since(self._start),
        )


def _milliseconds_since(start: float) -> float:
    return (perf_counter() - start) * 1000
