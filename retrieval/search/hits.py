"""Turns ranked messages into hits: reads their text, quotes, adds neighbours, keeps the budget."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retrieval.store.messages import message_of
from retrieval.text import passages
from retrieval.wire import ConversationId, Message, RetrievalHit, SearchRequest

if TYPE_CHECKING:
    from retrieval.database.connection import Database


MESSAGE_OVERHEAD_TOKENS = 10
"""Speaker, date and line break of a message in a prompt."""


@dataclass
class Chosen:
    """A hit and the neighbours that are given with it, ascending."""

    seq: int
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


def estimated_tokens(text: str) -> int:
    """Four characters of ASCII to a token, one of anything else, and the line around them.

    An estimate that needs no tokenizer, since the reader's is not known; it errs upwards.
    """
    plain = sum(map(str.isascii, text))
    return math.ceil(plain / 4) + len(text) - plain + MESSAGE_OVERHEAD_TOKENS


def choose(
    ranked: Iterable[int], tokens: Mapping[int, int], *, limit: int, budget: int | None
) -> list[Chosen]:
    """The best `limit` messages that fit; one that does not fit leaves its place to a smaller."""
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
    chosen: Sequence[Chosen], tokens: Mapping[int, int], *, reach: int, left: float
) -> None:
    """Give the hits their neighbours, the best hit's first, nearest first, none of them twice.

    `tokens` knows the messages that may be given; a neighbour that does not fit ends its side.
    """
    given = {hit.seq for hit in chosen}
    for hit in chosen:
        for step in (-1, 1):
            side = hit.before if step < 0 else hit.after
            for distance in range(1, reach + 1):
                seq = hit.seq + step * distance
                if seq in given or seq not in tokens or tokens[seq] > left:
                    break
                left -= tokens[seq]
                given.add(seq)
                side.append(seq)
        hit.before.reverse()


SPARE = 20
"""Messages read beyond the limit, to fill places that long ones leave free."""

MESSAGES = """
select message_id, seq, role, participant, content, created_at, interrupted
  from message
 where conversation_id = $1 and seq = any($2)
"""


async def read_messages(
    db: "Database", *, conversation_id: ConversationId, seqs: Sequence[int]
) -> dict[int, Message]:
    """By seq; messages that are gone are missing."""
    if not seqs:
        return {}
    rows = await db.fetch(MESSAGES, conversation_id, [*seqs])
    return {row["seq"]: message_of(row) for row in rows}


async def build_hits(
    db: "Database",
    *,
    conversation_id: ConversationId,
    ranked: Iterable[RetrievalHit],
    request: SearchRequest,
    excluded: Sequence[int],
) -> list[RetrievalHit]:
    """Cut the ranking to the limit and the budget, and add the neighbours asked for.

    Of `ranked` no more is taken than is needed: quoting a long message costs a millisecond.
    """
    hits: dict[int, RetrievalHit] = {}
    tokens: dict[int, int] = {}

    def in_order() -> Iterator[int]:
        for hit in ranked:
            seq = hit.message.seq
            hits[seq] = hit
            tokens[seq] = estimated_tokens(hit.excerpt or hit.message.content)
            yield seq

    chosen = choose(in_order(), tokens, limit=request.limit, budget=request.token_budget)
    if request.neighbours == 0:
        return [hits[one.seq] for one in chosen]
    around = await read_messages(
        db, conversation_id=conversation_id, seqs=_around(chosen, request.neighbours)
    )
    allowed = {seq: m for seq, m in around.items() if seq not in set(excluded)}
    spent = sum(tokens[one.seq] for one in chosen)
    add_neighbours(
        chosen,
        {seq: estimated_tokens(message.content) for seq, message in allowed.items()},
        reach=request.neighbours,
        left=math.inf if request.token_budget is None else request.token_budget - spent,
    )
    return [_with_neighbours(hits[one.seq], one, allowed) for one in chosen]


def _around(chosen: Sequence[Chosen], reach: int) -> list[int]:
    near = {one.seq + step for one in chosen for step in range(-reach, reach + 1)}
    return sorted(near - {one.seq for one in chosen})


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
    """The passage that matches best, if the message has more than one; else nothing is scored."""
    parts = passages.split(content)
    if len(parts) == 1:
        return None
    scores = passage_scores()
    return parts[max(range(len(parts)), key=lambda passage: scores.get(passage, 0.0))]
