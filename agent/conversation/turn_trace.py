"""The trace of a turn: what it recalled and why, in ids and figures."""

from dataclasses import dataclass
from datetime import datetime

from agent.conversation.answering.turns import Turn
from agent.conversation.session.reply import Asked
from agent.llm.failure import Reason
from agent.messages.question import Outcome
from agent.messages.sanitize import storable_name
from agent.recall.found import Found
from agent.recall.placed import Placed, excerpt_of
from retrieval.wire import RepeatedBy, RetrievalHit, TraceHit, TurnTrace

_MAX_HITS = 100
_MAX_LISTED = 500
_MAX_REPEATS = 100
_LONGEST_MS = 86_400_000.0


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Of a turn's end; times are by the conversation's clock, `over_at` by the monotonic one."""

    asked_at: datetime
    ended_at: datetime
    over_at: float
    room: str | None
    epoch: int | None
    window_messages: int
    message_count: int
    token_budget: int


def turn_trace(
    asked: Asked,
    turn: Turn,
    placed: Placed,
    circumstances: Circumstances,
    *,
    outcome: Outcome,
    reason: Reason | None,
) -> TurnTrace:
    """Raises pydantic's ValidationError for what is beyond the wire type's bounds."""
    around = circumstances
    recalled = placed.recalled
    late = recalled.unanswered
    found = recalled.found or Found.late(late)
    search_ms = recalled.recall_ms or (late.took_s * 1000 if found and late else 0.0)
    return TurnTrace(
        question_id=asked.id,
        participant=storable_name(asked.speaker, default="user"),
        room=around.room,
        epoch=around.epoch,
        asked_at=around.asked_at,
        ended_at=around.ended_at,
        outcome=outcome,
        reason=reason,
        source=recalled.source,
        degraded=recalled.degraded,
        relevant=found.relevant if found else None,
        confidence=found.confidence if found else None,
        revision=recalled.revision,
        message_count=max(around.message_count, recalled.message_count or 0),
        window_messages=around.window_messages,
        token_budget=around.token_budget,
        search_ms=_ms(search_ms) if found else None,
        added_ms=_ms(recalled.added_ms),
        embed_ms=_ms(found.timings.embed_ms) if found else None,
        candidates_ms=_ms(found.timings.candidates_ms) if found else None,
        backend_ms=_ms(found.timings.total_ms) if found else None,
        first_word_ms=_since(asked.over_at, turn.first_word_at),
        reply_ms=_since(asked.over_at, around.over_at),
        read_as=None if placed.read_as is None else list(placed.read_as),
        hits=[_hit(hit) for hit in found.hits[:_MAX_HITS]] if found else [],
        shown=list(placed.shown[:_MAX_LISTED]),
        cut=list(placed.cut[:_MAX_LISTED]),
        block=placed.frame,
    )


def _hit(hit: RetrievalHit) -> TraceHit:
    also = hit.also_said
    return TraceHit(
        message_id=hit.message.id,
        score=hit.score,
        parts=hit.parts or {},
        found_by=hit.found_by,
        excerpt=excerpt_of(hit),
        before=[message.id for message in hit.before],
        after=[message.id for message in hit.after],
        also_said=RepeatedBy(count=also.count, ids=also.ids[:_MAX_REPEATS]),
    )


def _since(over_at: float, at: float | None) -> float | None:
    """A reply may have begun before the speaker had ended."""
    return None if at is None else _ms(max(0.0, at - over_at) * 1000)


def _ms(milliseconds: float) -> float:
    return round(min(milliseconds, _LONGEST_MS), 3)
