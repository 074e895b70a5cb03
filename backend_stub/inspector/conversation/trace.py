"""A turn's trace as the page shows it: hits with their texts and bars, times on one scale."""

from dataclasses import dataclass
from typing import Any, Final

from backend_stub.inspector.conversation.bars import Bar, bars, score_bars
from retrieval.wire import KeptTrace, Message, TraceHit, Turn

_TIMES: Final = {
    "search_ms": "search, as the agent saw it",
    "backend_ms": "of it in the backend",
    "embed_ms": "of it the query's embedding",
    "candidates_ms": "of it the candidates",
    "added_ms": "what the turn waited for it",
    "first_word_ms": "to the model's first word",
    "reply_ms": "to the end of the reply",
}
DEGRADED: Final = {
    "late": "the search was not done in time; the turn went on without its memory",
    "failed": "the search failed; the turn went on without its memory",
    "resting": "searches had failed before; none was made for this turn",
}
SOURCES: Final = {
    "speculation": "prefetched: the search was made while the question was still being said",
    "fresh": "searched when the question had ended",
    "none": "no search",
}


@dataclass(frozen=True)
class Quoted:
    """A text in three parts, of which the middle one is what counts."""

    before: str
    inside: str
    after: str


@dataclass(frozen=True)
class OpenHit:
    """`message` is None if it is gone."""

    hit: TraceHit
    message: Message | None
    quoted: Quoted | None
    bars: list[Bar]
    is_shown: bool
    is_cut: bool


def opened(turn: Turn) -> dict[str, Any]:
    trace = turn.trace
    known: dict[str, Message] = {message.id: message for message in turn.messages}
    shown: set[str] = {one.message_id for one in trace.shown}
    drawn = score_bars(hit.parts for hit in trace.hits)
    hits = [
        _hit(hit, known.get(hit.message_id), drawn[place], shown, {*trace.cut})
        for place, hit in enumerate(trace.hits)
    ]
    return {
        "turn": turn,
        "trace": trace,
        "question": known.get(trace.question_id),
        "known": known,
        "hits": hits,
        "neighbours": [
            one
            for one in trace.shown
            if one.message_id not in {hit.message_id for hit in trace.hits}
        ],
        "times": _times(trace),
        "degraded_why": DEGRADED.get(trace.degraded or ""),
        "source_why": SOURCES[trace.source],
    }


def _hit(
    hit: TraceHit, message: Message | None, drawn: list[Bar], shown: set[str], cut: set[str]
) -> OpenHit:
    quoted = None if message is None else _quoted(message.content, hit.excerpt)
    return OpenHit(hit, message, quoted, drawn, hit.message_id in shown, hit.message_id in cut)


def _quoted(text: str, excerpt: tuple[int, int] | None) -> Quoted:
    if excerpt is None:
        return Quoted("", text, "")
    start, end = excerpt
    return Quoted(text[:start], text[start:end], text[end:])


def _times(trace: KeptTrace) -> list[Bar]:
    told = {
        text: value for name, text in _TIMES.items() if (value := getattr(trace, name)) is not None
    }
    return bars(told, lowest=0.0, highest=max(told.values(), default=0.0))
