"""Messages that a turn's trace mentions, by their ids, and the trace without some of them."""

from collections.abc import Set
from typing import TYPE_CHECKING

from retrieval.wire import RepeatedBy, ShownMessage, TextSpan, TraceHit, TurnTrace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def mentioned(trace: TurnTrace) -> list[str]:
    """Each once; not the question."""
    return [*dict.fromkeys(_all(trace))]


def without(trace: TurnTrace, gone: Set[str]) -> TurnTrace:
    """Not for its question, with which the whole trace goes."""
    return trace.model_copy(
        update={
            "read_as": _read_as(trace, gone),
            "hits": [_hit(hit, gone) for hit in trace.hits if hit.message_id not in gone],
            "shown": _shown(trace.shown, gone),
            "cut": [one for one in trace.cut if one not in gone],
        }
    )


def _all(trace: TurnTrace) -> "Iterator[str]":
    for part in trace.read_as or []:
        if isinstance(part, TextSpan) and part.message_id != trace.question_id:
            yield part.message_id
    for hit in trace.hits:
        yield from (hit.message_id, *hit.before, *hit.after, *hit.also_said.ids)
    yield from (shown.message_id for shown in trace.shown)
    yield from trace.cut


def _read_as(trace: TurnTrace, gone: Set[str]) -> list[TextSpan | str] | None:
    if trace.read_as is None:
        return None
    return [
        "…" if isinstance(part, TextSpan) and part.message_id in gone else part
        for part in trace.read_as
    ]


def _hit(hit: TraceHit, gone: Set[str]) -> TraceHit:
    return hit.model_copy(
        update={
            "before": [one for one in hit.before if one not in gone],
            "after": [one for one in hit.after if one not in gone],
            "also_said": RepeatedBy(
                count=hit.also_said.count,
                ids=[one for one in hit.also_said.ids if one not in gone],
            ),
        }
    )


def _shown(shown: "Sequence[ShownMessage]", gone: Set[str]) -> list[ShownMessage]:
    """What follows something that is gone comes after a gap."""
    kept: list[ShownMessage] = []
    gap = False
    for one in shown:
        if one.message_id in gone:
            gap = True
            continue
        kept.append(one.model_copy(update={"after_gap": True}) if gap and kept else one)
        gap = False
    return kept
