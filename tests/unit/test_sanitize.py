"""Whatever people send becomes something that the wire accepts."""

import pytest

from agent.messages.sanitize import CUT_NOTICE, storable_content, storable_name
from retrieval.wire import MAX_CONTENT_CHARS, MessageCreate, MessageId
from tests.support.builders import NOON

HOSTILE = [
    "",
    " \n\t",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800x",
    "x" * 1_000_000,
    "\x00" * 100_000 + "x",
    "\u2028",
    "💥" * 70_000,
    "\x85\x1c",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_can_be_stored_as_content_and_as_a_name(text: str) -> None:
    MessageCreate(
        id=MessageId("m1"),
        role="user",
        participant=storable_name(text, default="user"),
        content=storable_content(text),
        created_at=NOON,
    )


def test_ordinary_text_is_left_as_it_is() -> None:
    text = "  Grüße, 你好\n\tto all 💥 "
    assert storable_content(text) == text


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    stored = storable_content("x" * (MAX_CONTENT_CHARS + 1))
    assert len(stored) == MAX_CONTENT_CHARS
    assert stored.endswith(CUT_NOTICE)
    assert storable_content("x" * MAX_CONTENT_CHARS) == "x" * MAX_CONTENT_CHARS


def test_a_name_is_one_line() -> None:
    assert storable_name(" ana\n\x00smith\u2028 jr ", default="user") == "ana smith jr"
