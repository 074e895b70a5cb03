"""One search of one conversation, from the request to the response; read it top to bottom."""

import logging
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from retrieval.database.connection import one_connection
from retrieval.errors import EmbeddingError
from retrieval.search.candidates import (
    CANDIDATES,
    SMALL_CONVERSATION,
    Candidates,
    Search,
    everything,
    propose,
    surround,
)
from retrieval.search.context import SearchContext
from retrieval.search.hits import SPARE, build_hits, excerpt, read_messages
from retrieval.search.in_context import read_in_context
from retrieval.search.lexical.postings import Postings, read_postings
from retrieval.search.query.filters import Filters
from retrieval.search.query.query import Query, understand
from retrieval.search.ranking import Ranking, rank
from retrieval.search.scoring.relevance import Evidence, confidence, is_relevant
from retrieval.search.vector.cosines import Target
from retrieval.spans import stage
from retrieval.text.exact_terms import exact_terms
from retrieval.weights import WEIGHTS, Weights
from retrieval.wire import (
    Arm,
    ConversationId,
    Message,
    RetrievalHit,
    SearchRequest,
    SearchResponse,
    SearchTimings,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database
    from retrieval.embedders import Embedder

logger = logging.getLogger(__name__)


async def search_conversation(
    db: "Database",
    embedder: "Embedder | None",
    *,
    conversation_id: ConversationId,
    request: SearchRequest,
    weights: Weights = WEIGHTS,
    now: datetime | None = None,
) -> SearchResponse:
    """Find the messages of one conversation that answer the request.

    Without an embedder, or if it fails or its model is not the active one, words alone decide and
    the response says so. `now` is what "yesterday" in the query refers to; by default the present.
    Raises ConversationNotFound.
    """
    clock = _Clock()
    text, room = await read_in_context(db, conversation_id=conversation_id, request=request)
    query = _read_query(text, request, room, now)
    if query.small_talk:
        return _response(room, [], evidence=None, clock=clock)
    filters = Filters.of(request, excluded=room.excluded)
    target = await _embed(embedder, room=room, query=query, clock=clock)
    async with one_connection(db) as connection:
        with stage("candidates"):
            found = await _find_words(connection, room=room, query=query, filters=filters)
            search = Search(connection, room, query, filters, weights, found, target)
            candidates = await _collect(search, limit=request.limit)
        clock.candidates_found()
        with stage("rank"):
            ranking = rank(candidates, query, weights=weights, degraded=target is None)
        hits = await _hits(search, ranking=ranking, found=candidates, request=request)
    return _response(
        room,
        hits,
        evidence=ranking.evidence,
        clock=clock,
        degraded=["vector"] if target is None else [],
        read_as=text if text != request.query else None,
    )


def _read_query(
    text: str, request: SearchRequest, room: SearchContext, now: datetime | None
) -> Query:
    return understand(
        text,
        names=room.names,
        participants=room.participants,
        asker=request.asker,
        now=(now or datetime.now(UTC)).astimezone(ZoneInfo(request.time_zone)),
    )


async def _find_words(
    db: "Database", *, room: SearchContext, query: Query, filters: Filters
) -> list[Postings]:
    if room.found is not None and not filters.narrow:
        return room.found
    return await read_postings(
        db,
        room.conversation_id,
        terms=[*exact_terms(query.text), *room.lexemes],
        filters=filters,
        messages=room.message_count,
        passages=room.passage_count,
    )


async def _embed(
    embedder: "Embedder | None", *, room: SearchContext, query: Query, clock: "_Clock"
) -> Target | None:
    """None if there is nothing to compare with, or nothing to compare."""
    if embedder is None or room.model is None or embedder.name != room.model.name:
        return None
    start = perf_counter()
    try:
        with stage("embed"):
            vectors = await embedder.embed([query.embedded_text], kind="query")
    except EmbeddingError as error:
        logger.warning(
            "search without the vector arm: the embedder failed",
            extra={"conversation_id": str(room.conversation_id), "error": type(error).__name__},
        )
        return None
    clock.embed_ms = _milliseconds_since(start)
    return Target(room.conversation_id, room.model.model_id, vectors[0])


async def _collect(search: Search, *, limit: int) -> Candidates:
    if search.room.message_count <= SMALL_CONVERSATION:
        return await everything(search)
    proposed = await propose(search)
    first = rank(proposed, search.query, weights=search.weights, degraded=search.target is None)
    chosen = first.seq[first.order[: max(CANDIDATES, limit + SPARE)]]
    return await surround(search, proposed, chosen)


async def _hits(
    search: Search, *, ranking: Ranking, found: Candidates, request: SearchRequest
) -> list[RetrievalHit]:
    """The best messages that fit, as hits; some more are read if a budget may pass over them."""
    conversation_id, excluded = search.room.conversation_id, search.room.excluded
    places = ranking.first(request.limit + (SPARE if request.token_budget else 0))
    messages = await read_messages(
        search.db,
        conversation_id=conversation_id,
        seqs=[int(ranking.seq[place]) for place in places],
    )
    ranked = (
        _hit(messages[int(ranking.seq[place])], place, ranking, found, explain=request.explain)
        for place in places
        if int(ranking.seq[place]) in messages
    )
    return await build_hits(
        search.db,
        conversation_id=conversation_id,
        ranked=ranked,
        request=request,
        excluded=excluded,
    )


def _hit(
    message: Message, place: int, ranking: Ranking, found: Candidates, *, explain: bool
) -> RetrievalHit:
    return RetrievalHit(
        message=message,
        score=float(ranking.score[place]),
        found_by=found.arms(message.seq),
        excerpt=excerpt(
            message.content,
            passage_scores=lambda: found.passage_scores(message.seq),
        ),
        parts=ranking.explain(place) if explain else None,
    )


def _response(
    room: SearchContext,
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
        message_count=room.message_count,
        pending=room.pending,
        model=room.model.name if room.model else None,
        timings=clock.timings(),
        degraded=degraded or [],
        read_as=read_as,
    )


class _Clock:
    """Where the time goes, in milliseconds."""

    def __init__(self) -> None:
        self._start = perf_counter()
        self.embed_ms = 0.0
        self._candidates_ms = 0.0

    def candidates_found(self) -> None:
        """Everything up to here but the embedding was spent on finding candidates."""
        self._candidates_ms = _milliseconds_since(self._start) - self.embed_ms

    def timings(self) -> SearchTimings:
        return SearchTimings(
            embed_ms=self.embed_ms,
            candidates_ms=self._candidates_ms,
            total_ms=_milliseconds_since(self._start),
        )


def _milliseconds_since(start: float) -> float:
    return (perf_counter() - start) * 1000
