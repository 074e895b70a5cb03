"""Rooms to look at: a small talk with the trace of a turn, a long one, and one that attacks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from retrieval.store.conversations import create_room
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages
from retrieval.store.turn_traces import record_turns
from retrieval.wire import (
    ConversationEvent,
    ConversationId,
    MessageCreate,
    MessageId,
    Role,
    TurnTrace,
)

if TYPE_CHECKING:
    import asyncpg

FESTIVAL: Final = "harbour-festival"
LONG: Final = "night-watch"
HOSTILE: Final = "<img src=x onerror=alert('room')>"
BEGINNING: Final = datetime(2026, 3, 14, 9, tzinfo=UTC)
SCRIPTS: Final = (
    "<script>alert('text')</script>",
    "<img src=x onerror=alert('text')>",
    '"><svg onload=alert(1)>',
    "{{ 7 * 191 }} ${alert(1)} {% raw %}",
    "javascript:alert(1) [click](javascript:alert(1))",
    "</template></script></style></textarea>-->]]><script>alert(2)</script>",
    "‮ nordnet ⁦ <b>bold</b> \u2028 &lt;script&gt; ﷽",
)
ATTACKER: Final = "eve<script>alert('name')</script>\"'onmouseover=alert(1) x="
SAID: Final = (
    ("ada", "Morning! Who looks after the stage on Saturday?"),
    ("ben", "Chloe does, and I do the lights. We need forty paper lanterns."),
    ("chloe", "I have thirty in my cellar, and my aunt can lend us the other ten."),
    ("ada", "Wonderful. Let us keep all lanterns in the boathouse, behind the blue kayaks."),
    ("ben", "The boathouse key hangs at the harbour office, ask for Mr. Lindqvist."),
    ("chloe", "The band starts at seven, the choir half an hour before."),
    ("ada", "Then the soup has to be ready by six. Leek and potato again?"),
    ("ben", "Yes please. Last year it was gone in twenty minutes."),
    ("chloe", "My brother brings the big pot, it holds sixty litres."),
    ("ada", "The permit came today: we may play until eleven, not a minute longer."),
    ("ben", "I will write that on the plan. What about rain?"),
    ("chloe", "If it rains we move into the fish market, they said yes."),
)
QUESTION: Final = "Where did we want to keep the lanterns?"
ANSWER: Final = "Ada wanted them in the boathouse, behind the blue kayaks."
ASKED_AT: Final = BEGINNING + timedelta(days=5, hours=3)


async def festival(db: "asyncpg.Pool", *, room: str = FESTIVAL) -> ConversationId:
    """Twelve messages and, days later, a question, whose turn recalled three and cut one."""
    conversation_id, _ = await create_room(db, name=room)
    said = [
        _message(number, *line, at=BEGINNING + timedelta(minutes=3 * number))
        for number, line in enumerate(SAID, start=1)
    ]
    asked = _message(len(said) + 1, "chloe", QUESTION, at=ASKED_AT)
    answered = _message(
        len(said) + 2, "agent", ANSWER, at=ASKED_AT + timedelta(seconds=3), role="assistant"
    )
    await append_messages(db, conversation_id=conversation_id, messages=[*said, asked, answered])
    await record_turns(db, conversation_id=conversation_id, traces=[_turn(room, asked.id)])
    await record_events(
        db,
        conversation_id=conversation_id,
        events=[
            ConversationEvent(
                id="joined", kind="action", created_at=ASKED_AT, data={"what": "agent joined"}
            )
        ],
    )
    return conversation_id


async def hostile(db: "asyncpg.Pool") -> ConversationId:
    """All that a browser might take for more than text, as names, texts and what is recalled."""
    conversation_id, _ = await create_room(db, name=HOSTILE)
    said = [
        _message(number, ATTACKER, text, at=BEGINNING + timedelta(minutes=number))
        for number, text in enumerate(SCRIPTS, start=1)
    ]
    asked = _message(len(said) + 1, ATTACKER, f"Why {SCRIPTS[0]}?", at=ASKED_AT)
    await append_messages(db, conversation_id=conversation_id, messages=[*said, asked])
    await record_turns(db, conversation_id=conversation_id, traces=[_turn(HOSTILE, asked.id)])
    return conversation_id


async def long(db: "asyncpg.Pool", *, messages: int, room: str = LONG) -> ConversationId:
    """A message a minute. Nothing waits for its embedding: that is another matter."""
    conversation_id, _ = await create_room(db, name=room)
    for first in range(1, messages + 1, 500):
        batch = [
            _message(
                number,
                ("ada", "ben", "chloe")[number % 3],
                f"Report {number:,}: {SAID[number % len(SAID)][1]}",
                at=BEGINNING - timedelta(minutes=messages - number),
            )
            for number in range(first, min(first + 500, messages + 1))
        ]
        await append_messages(db, conversation_id=conversation_id, messages=batch)
    await db.execute("delete from embedding_job where conversation_id = $1", conversation_id)
    return conversation_id


def _message(
    number: int, participant: str, text: str, *, at: datetime, role: Role = "user"
) -> MessageCreate:
    return MessageCreate(
        id=MessageId(f"m{number}"), role=role, participant=participant, content=text, created_at=at
    )


def _turn(room: str, question_id: str) -> TurnTrace:
    return TurnTrace.model_validate(
        {
            "question_id": question_id,
            "participant": None,
            "room": room,
            "asked_at": ASKED_AT,
            "ended_at": ASKED_AT + timedelta(seconds=3),
            "outcome": "answered",
            "source": "speculation",
            "relevant": True,
            "confidence": 0.71,
            "message_count": len(SAID) + 1,
            "window_messages": 4,
            "token_budget": 200,
            "search_ms": 18.4,
            "added_ms": 2.1,
            "embed_ms": 6.3,
            "candidates_ms": 3.9,
            "backend_ms": 12.2,
            "first_word_ms": 412.0,
            "reply_ms": 2950.0,
            "hits": [
                _hit("m4", 1.31, meaning=0.62, words=0.48, speaker=0.21),
                _hit("m2", 0.94, meaning=0.51, words=0.43),
                _hit("m3", 0.58, meaning=0.39, reply=0.19),
            ],
            "shown": _shown("m2", "m3", "m4"),
            "cut": ["m5"],
            "block": {
                "nonce": "5ea1f00d",
                "now": ASKED_AT,
                "time_zone": "Europe/Stockholm",
                "role": "user",
            },
        }
    )


def _hit(message_id: str, score: float, **parts: float) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "score": score,
        "parts": parts,
        "found_by": ["vector", "lexical"],
    }


def _shown(*ids: str) -> Sequence[dict[str, Any]]:
    return [{"message_id": one} for one in ids]
