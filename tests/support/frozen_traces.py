"""One example of each wire type of turns and their traces, as JSON."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from retrieval import wire

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
MESSAGE = wire.Message(
    id=wire.MessageId("m1"),
    seq=1,
    role="user",
    participant="ada",
    content="The pump leaks.",
    created_at=NOON,
)
MESSAGE_JSON = {
    "id": "m1",
    "seq": 1,
    "role": "user",
    "participant": "ada",
    "content": "The pump leaks.",
    "created_at": "2025-03-01T12:00:00Z",
    "interrupted": False,
    "metadata": {},
}

SPAN = wire.TextSpan(message_id="m1", start=4, end=8)
SPAN_JSON: dict[str, Any] = {"message_id": "m1", "start": 4, "end": 8}
REPEATED = wire.RepeatedBy(count=2, ids=["m5"])
REPEATED_JSON: dict[str, Any] = {"count": 2, "ids": ["m5"]}
HIT = wire.TraceHit(
    message_id="m2",
    score=1.5,
    parts={"meaning": 0.5},
    found_by=["vector"],
    excerpt=(0, 9),
    before=["m1"],
    after=["m3"],
    also_said=REPEATED,
)
HIT_JSON: dict[str, Any] = {
    "message_id": "m2",
    "score": 1.5,
    "parts": {"meaning": 0.5},
    "found_by": ["vector"],
    "excerpt": [0, 9],
    "before": ["m1"],
    "after": ["m3"],
    "also_said": REPEATED_JSON,
}
SHOWN = wire.ShownMessage(message_id="m2", start=0, end=9, times=3, after_gap=True)
SHOWN_JSON: dict[str, Any] = {
    "message_id": "m2",
    "start": 0,
    "end": 9,
    "times": 3,
    "after_gap": True,
}
FRAME = wire.BlockFrame(nonce="730b9c4f", now=NOON, time_zone="Europe/Berlin", role="user")
FRAME_JSON: dict[str, Any] = {
    "nonce": "730b9c4f",
    "now": "2025-03-01T12:00:00Z",
    "time_zone": "Europe/Berlin",
    "role": "user",
}
_FIGURES: dict[str, Any] = {
    "question_id": "m9",
    "participant": "ada",
    "room": "test-room",
    "epoch": 3,
    "asked_at": NOON,
    "ended_at": NOON,
    "outcome": "answered",
    "source": "speculation",
    "relevant": True,
    "confidence": 0.5,
    "revision": 4,
    "message_count": 9,
    "window_messages": 2,
    "token_budget": 1000,
    "search_ms": 20.5,
    "added_ms": 0.5,
    "embed_ms": 10.0,
    "candidates_ms": 5.0,
    "backend_ms": 18.0,
    "first_word_ms": 300.0,
    "reply_ms": 900.0,
}
FIGURES = wire.TurnFigures.model_validate(_FIGURES)
FIGURES_JSON: dict[str, Any] = {
    "question_id": "m9",
    "participant": "ada",
    "room": "test-room",
    "epoch": 3,
    "asked_at": "2025-03-01T12:00:00Z",
    "ended_at": "2025-03-01T12:00:00Z",
    "outcome": "answered",
    "reason": None,
    "source": "speculation",
    "degraded": None,
    "relevant": True,
    "confidence": 0.5,
    "revision": 4,
    "message_count": 9,
    "window_messages": 2,
    "token_budget": 1000,
    "search_ms": 20.5,
    "added_ms": 0.5,
    "embed_ms": 10.0,
    "candidates_ms": 5.0,
    "backend_ms": 18.0,
    "first_word_ms": 300.0,
    "reply_ms": 900.0,
}
LINE = wire.TurnLine.model_validate(_FIGURES | {"hits": 1, "shown": 1, "cut": 1})
LINE_JSON: dict[str, Any] = FIGURES_JSON | {
    "hits": 1,
    "shown": 1,
    "cut": 1,
}
_RECALL: dict[str, Any] = {
    "read_as": [SPAN, "'s"],
    "hits": [HIT],
    "shown": [SHOWN],
    "cut": ["m4"],
    "block": FRAME,
}
TRACE = wire.TurnTrace.model_validate(_FIGURES | _RECALL)
TRACE_JSON: dict[str, Any] = FIGURES_JSON | {
    "read_as": [SPAN_JSON, "'s"],
    "hits": [HIT_JSON],
    "shown": [SHOWN_JSON],
    "cut": ["m4"],
    "block": FRAME_JSON,
}
KEPT = wire.KeptTrace.model_validate(_FIGURES | _RECALL)

TRACES: list[tuple[BaseModel, dict[str, Any]]] = [
    (SPAN, SPAN_JSON),
    (REPEATED, REPEATED_JSON),
    (HIT, HIT_JSON),
    (SHOWN, SHOWN_JSON),
    (FRAME, FRAME_JSON),
    (FIGURES, FIGURES_JSON),
    (LINE, LINE_JSON),
    (TRACE, TRACE_JSON),
    (KEPT, TRACE_JSON),
    (wire.RecordTurns(turns=[TRACE]), {"turns": [TRACE_JSON]}),
    (wire.TurnsRecorded(recorded=1), {"recorded": 1}),
    (
        wire.TurnPage(turns=[LINE], next="2025-03-01T12:00:00+00:00 m9"),
        {"turns": [LINE_JSON], "next": "2025-03-01T12:00:00+00:00 m9"},
    ),
    (
        wire.Turn(
            trace=KEPT,
            messages=[MESSAGE],
            gone=[wire.MessageId("m3")],
            changed=[wire.MessageId("m2")],
            read_as="pump's",
            block="<recalled_messages>",
            exact=True,
        ),
        {
            "trace": TRACE_JSON,
            "messages": [MESSAGE_JSON],
            "gone": ["m3"],
            "changed": ["m2"],
            "read_as": "pump's",
            "block": "<recalled_messages>",
            "exact": True,
        },
    ),
]
