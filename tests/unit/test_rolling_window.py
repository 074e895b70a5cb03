"""The window keeps whole turns, their tools and the order of what was stored."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from livekit.agents.llm import ChatContext, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput

from agent.messages.rolling_window import (
    SPEAKER,
    message_id,
    message_ids,
    restored,
    trimmed,
    window_messages,
)
from retrieval.wire import MAX_WINDOW_MESSAGE_CHARS, MAX_WINDOW_MESSAGES, Role, WindowMessage
from tests.support.builders import message

SHORT = {"s": "system", "u": "user", "a": "assistant"}


def _context(pattern: str) -> ChatContext:
    """Items by letter: s(ystem) u(ser) a(ssistant) c(all) o(utput of the last call)."""
    items: list[ChatItem] = []
    for n, letter in enumerate(pattern):
        if letter == "c":
            items.append(FunctionCall(call_id=f"c{n}", name="f", arguments="{}"))
        elif letter == "o":
            call = next(item for item in reversed(items) if isinstance(item, FunctionCall))
            items.append(
                FunctionCallOutput(call_id=call.call_id, name="f", output="", is_error=False)
            )
        else:
            role = SHORT[letter]
            items.append(ChatMessage(role=role, content=[f"{letter}{n}"]))
    return ChatContext(items)


def _pattern(chat_ctx: ChatContext) -> str:
    letters = {"function_call": "c", "function_call_output": "o"}
    return "".join(
        item.role[0] if isinstance(item, ChatMessage) else letters[item.type]
        for item in chat_ctx.items
    )


def test_what_systems_and_tools_said_is_not_restored() -> None:
    roles: list[Role] = ["user", "system", "tool", "assistant"]
    said = [message(n, role=role) for n, role in enumerate(roles)]
    assert [item.id for item in restored(said).items] == ["m0", "m3"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("suauaua", "suaua"),
        ("suauauau", "suau"),
        ("suacouaua", "suaua"),
        ("suauacoau", "suacoau"),
        ("suauuuua", "suuua"),
        ("suauuua", "suuua"),
        ("saaaaaa", "saaaa"),
        ("suuuuuu", "suuuu"),
        ("suaucocoaua", "sucocoaua"),
    ],
)
def test_the_newest_whole_turns_stay(before: str, after: str) -> None:
    smaller = trimmed(_context(before), max_messages=4)
    assert smaller is not None
    assert _pattern(smaller) == after


@pytest.mark.parametrize("pattern", ["", "s", "suaua", "suacoua", "uaua"])
def test_a_small_window_is_left_alone(pattern: str) -> None:
    assert trimmed(_context(pattern), max_messages=4) is None


def test_no_tool_output_stays_without_its_call() -> None:
    items = _context("suacuao").items
    smaller = trimmed(ChatContext(items), max_messages=2)
    assert smaller is not None
    assert _pattern(smaller) == "sua"


def test_a_restored_window_keeps_ids_order_speakers_and_interruptions() -> None:
    stored = [message(n, participant="ben", interrupted=n == 2) for n in range(1, 5)]
    window = restored(stored)
    assert [m.text_content for m in window.messages()] == [m.content for m in stored]
    assert message_ids(window) == {m.id for m in stored}
    assert [m.interrupted for m in window.messages()] == [False, True, False, False]
    assert {m.extra["identity"] for m in window.messages()} == {"ben"}


def test_stored_times_that_are_equal_unordered_or_in_the_future_keep_the_stored_order() -> None:
    future = datetime.now(UTC) + timedelta(days=3)
    stored = [
        message(1).model_copy(update={"created_at": future}),
        message(2).model_copy(update={"created_at": future}),
        message(3).model_copy(update={"created_at": future - timedelta(days=1)}),
    ]
    window = restored(stored)
    times = [item.created_at for item in window.items]
    assert times == sorted(set(times))
    window.insert(ChatMessage(role="user", content=["a new question"], created_at=time.time()))
    assert [m.text_content for m in window.messages()] == [
        "message number 1",
        "message number 2",
        "message number 3",
        "a new question",
    ]


def test_ids_of_livekit_are_made_longer_and_ours_are_kept() -> None:
    theirs = ChatMessage(role="user", content=["x"], created_at=1_700_000_000.5)
    assert message_id(theirs).startswith(theirs.id + ".")
    assert message_id(theirs) == message_id(theirs.model_copy())
    ours = ChatMessage(role="user", content=["x"], extra={"message_id": "m1"})
    assert message_id(ours) == "m1"


def test_what_was_said_before_a_question_is_told_with_its_speaker() -> None:
    question = ChatMessage(role="user", content=["and the second one?"], extra={SPEAKER: "ben"})
    context = _context("suacoua")
    context.items[1].extra[SPEAKER] = "ben"  # type: ignore[union-attr]  # a message
    context.items.append(question)
    assert window_messages(context, before=question, speaker="ana") == [
        WindowMessage(role="user", participant="ben", content="u1"),
        WindowMessage(role="assistant", participant="assistant", content="a2"),
        WindowMessage(role="user", participant="ana", content="u5"),
        WindowMessage(role="assistant", participant="assistant", content="a6"),
    ]


def test_whatever_is_in_the_window_can_be_told() -> None:
    odd = [" " * 3000 + "x", "", "\x00", "y" * 3000]
    items = [ChatMessage(role="user", content=[text]) for text in [*odd, *["z"] * 17]]
    said = window_messages(ChatContext([*items]), speaker=" \n")
    assert len(said) == MAX_WINDOW_MESSAGES
    assert said[2].content == "y" * MAX_WINDOW_MESSAGE_CHARS
    assert {message.participant for message in said} == {"user"}
