"""What the agent answers when it has no language model."""

from datetime import UTC, datetime

import pytest

from agent.llm.extractive_answer import NOTHING_KNOWN, Said, answer
from retrieval.wire import Message, MessageId, RetrievalHit, Role

WHEN = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)


def _message(seq: int, content: str, *, participant: str = "mia", role: Role = "user") -> Message:
    return Message(
        id=MessageId(f"m{seq}"),
        seq=seq,
        role=role,
        participant=participant,
        content=content,
        created_at=WHEN,
    )


def _hit(message: Message, *, after: list[Message] | None = None) -> RetrievalHit:
    return RetrievalHit(message=message, score=1.0, found_by=["vector"], after=after or [])


def _answer(text: str, *hits: RetrievalHit, window: list[Said] | None = None) -> str:
    return answer(text, asker="ana", window=window or [], hits=hits)


def test_the_best_hits_are_quoted_with_date_and_speaker() -> None:
    said = _answer("Where is the key?", _hit(_message(1, "The key hangs\nbehind the fridge.")))
    assert said == "On 14 March 2026 at 15:09, mia said: “The key hangs behind the fridge.”"


def test_three_quotes_are_enough() -> None:
    said = _answer("Where is the key?", *[_hit(_message(n, f"Key {n}.")) for n in range(9)])
    assert said.count("said:") == 3
    assert said.index("Key 0.") < said.index("Key 1.") < said.index("Key 2.")


def test_what_the_asker_said_is_told_as_theirs() -> None:
    said = _answer("What is my number?", _hit(_message(1, "It is 4711.", participant="ana")))
    assert "you said: “It is 4711.”" in said


def test_a_question_that_was_asked_before_is_no_answer_but_what_followed_may_be() -> None:
    asked = _message(1, "Where is the key?")
    reply = _message(2, "Behind the fridge.", participant="ben")
    assert "ben said: “Behind the fridge.”" in _answer(
        "Where is the key?", _hit(asked, after=[reply])
    )
    assert _answer("Where is the key?", _hit(asked)) == NOTHING_KNOWN


def test_who_asks_for_help_and_tells_what_happened_is_quoted() -> None:
    plea = _message(1, "My printer works but it prints like an old dot-matrix one. Any idea?")
    reply = _message(2, "No idea.", participant="ben")
    said = _answer("Whose printer prints like a dot-matrix one?", _hit(plea, after=[reply]))
    assert "mia said: “My printer works but it prints" in said


def test_the_agents_own_earlier_answers_are_not_quoted() -> None:
    echo = _message(1, "On 1 March, mia said: “key”", participant="longroom", role="assistant")
    assert _answer("Where is the key?", _hit(echo)) == NOTHING_KNOWN


def test_what_was_said_a_moment_ago_is_known_too() -> None:
    window = [
        Said("ana", "What is my order number?", WHEN.timestamp()),
        Said("ana", "My order number is 4711.", WHEN.timestamp()),
        Said("ben", "I like tea.", WHEN.timestamp()),
    ]
    assert "you said: “My order number is 4711.”" in _answer(
        "What's my order number?", window=window
    )
    assert _answer("Where is the zeppelin?", window=window) == NOTHING_KNOWN


@pytest.mark.parametrize("text", ["Hello!", "hi there", "Good morning", "hey"])
def test_a_greeting_is_greeted(text: str) -> None:
    assert _answer(text).startswith("Hello")


@pytest.mark.parametrize("text", ["Thanks!", "thank you very much", "ok thanks", "cheers"])
def test_thanks_are_answered_politely(text: str) -> None:
    assert _answer(text) == "You are welcome."


def test_a_statement_is_noted() -> None:
    assert _answer("My order number is 4711.").startswith("Noted")


@pytest.mark.parametrize(
    "text",
    ["tell me about the zeppelin", "zeppelin?", "Do you know who has the key", "find the key"],
)
def test_a_request_in_other_forms_is_a_question_too(text: str) -> None:
    assert _answer(text) == NOTHING_KNOWN


def test_a_long_message_is_quoted_in_part() -> None:
    said = _answer("key?", _hit(_message(1, "key " * 5_000)))
    assert len(said) < 600
    assert said.endswith("…”")
