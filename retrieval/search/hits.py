"""Turns ranked messages into hits: text, excerpt, neighbours, within the token budget."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from retrieval.search.context import SearchContext
from retrieval.search.query.query import Query
from retrieval.search.ranking import Candidates, Ranking
from retrieval.search.selection.candidate import Candidate
from retrieval.search.selection.selection import select
from retrieval.search.source import Source
from retrieval.store.timeline import Around, around_in_order
from retrieval.text import passages
from retrieval.text.long_texts import worked_out
from retrieval.wire import AlsoSaid, Message, RetrievalHit, SearchRequest, message_tokens


@dataclass
class Chosen:
    """`seq` of a hit and of its neighbours, as they were said."""

    seq: int
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


def choose(
    ranked: Iterable[int], tokens: Mapping[int, int], *, limit: int, budget: int | None
) -> list[Chosen]:
    """The best that fit the budget; a message that is too long is skipped."""
    left = math.inf if budget is None else budget
    chosen: list[Chosen] = []
    for seq in ranked:
        if tokens[seq] <= left:
            left -= tokens[seq]
            chosen.append(Chosen(seq))
        if len(chosen) == limit:
            break
    return chosen


def add_neighbours(
    chosen: Sequence[Chosen],
    near: Mapping[int, Around],
    tokens: Mapping[int, int],
    *,
    left: float,
) -> None:
    """The best hit's neighbours first, nearest first, each message once.

    A message that is not in `tokens`, or does not fit in the tokens `left`, ends its side.
    """
    given = {hit.seq for hit in chosen}
    for hit in chosen:
        around = near[hit.seq]
        for side, said in ((hit.before, around.before), (hit.after, around.after)):
            for seq in said:
                if seq in given or seq not in tokens or tokens[seq] > left:
                    break
                left -= tokens[seq]
                given.add(seq)
                side.append(seq)
        hit.before.reverse()


NOT_REPEATED: Final = AlsoSaid()
SPARE = 20
"""Messages read beyond the limit, in case long ones do not fit the budget."""


async def build_hits(
    source: Source,
    context: SearchContext,
    ranking: Ranking,
    candidates: Candidates,
    query: Query,
    request: SearchRequest,
) -> list[RetrievalHit]:
    count = request.limit + (SPARE if request.token_budget else 0)
    selected = await select(source, context, ranking, candidates, query, count=count)
    limit, budget = request.limit, request.token_budget
    hits: dict[int, RetrievalHit] = {}
    tokens: dict[int, int] = {}
    for one in selected:  # only as many as are wanted: quoting a long message takes time
        hit = await worked_out(
            partial(_hit, one, ranking, candidates, explain=request.explain),
            chars=len(one.message.content),
            use="search",
        )
        hits[one.message.seq] = hit
        tokens[one.message.seq] = message_tokens(hit.excerpt or one.message.content)
        if len(hits) < limit:
            continue
        chosen = choose(hits, tokens, limit=limit, budget=budget)
        if len(chosen) == limit:
            break
    else:
        chosen = choose(hits, tokens, limit=limit, budget=budget)
    if request.neighbours == 0:
        return [hits[one.seq] for one in chosen]
    left = math.inf
    if request.token_budget is not None:
        left = request.token_budget - sum(tokens[one.seq] for one in chosen)
    near = await _near(source, context, chosen, reach=request.neighbours)
    around = await _neighbours(source, context, near)
    add_neighbours(
        chosen,
        near,
        {seq: message_tokens(message.content) for seq, message in around.items()},
        left=left,
    )
    return [_with_neighbours(hits[one.seq], one, around) for one in chosen]


def _hit(
    selected: Candidate, ranking: Ranking, candidates: Candidates, *, explain: bool
) -> RetrievalHit:
    message = selected.message
    return RetrievalHit(
        message=message,
        score=selected.score,
        found_by=candidates.arms(message.seq),
        excerpt=excerpt(
            message.content, passage_scores=lambda: candidates.passage_scores(message.seq)
        ),
        before=[],  # given: pydantic copies a default at a cost
        after=[],
        also_said=_also_said(selected.also),
        parts=ranking.explain(selected.place) | selected.moved if explain else None,
    )


def _also_said(others: Sequence[Message]) -> AlsoSaid:
    if not others:
        return NOT_REPEATED
    return AlsoSaid(count=len(others), ids=[message.id for message in others])


async def _near(
    source: Source, context: SearchContext, chosen: Sequence[Chosen], *, reach: int
) -> Mapping[int, Around]:
    seqs = [one.seq for one in chosen]
    if context.in_order:
        return around_in_order(seqs, before=reach, after=reach)
    return await source.said_around(seqs, before=reach, after=reach)


async def _neighbours(
    source: Source, context: SearchContext, near: Mapping[int, Around]
) -> dict[int, Message]:
    said = {seq for around in near.values() for seq in (*around.before, *around.after)}
    return await source.messages(sorted(said - near.keys() - set(context.excluded)))


def _with_neighbours(
    hit: RetrievalHit, chosen: Chosen, messages: Mapping[int, Message]
) -> RetrievalHit:
    return hit.model_copy(
        update={
            "before": [messages[seq] for seq in chosen.before],
            "after": [messages[seq] for seq in chosen.after],
        }
    )


def excerpt(content: str, *, passage_scores: Callable[[], Mapping[int, float]]) -> str | None:
    """The best passage; None for a message of one passage, which is not scored."""
    parts = passages.split(content)
    if len(parts) == 1:
        return None
    scores = passage_scores()
    return parts[max(range(len(parts)), key=lambda passage: scores.get(passage, 0.0))]
