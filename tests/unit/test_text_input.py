import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest
from livekit import rtc

from agent.messages.question import Question
from agent.room.typed.text_input import TextInput, TextStream


@dataclass
class StreamInfo:
    stream_id: str


class Stream:
    """What LiveKit hands over: text in chunks; None in place of a chunk: it never ends."""

    def __init__(self, stream_id: str, *chunks: str | None, error: bool = False) -> None:
        self.info = StreamInfo(stream_id)
        self._chunks = list(chunks)
        self._error = error
        self.closed = False

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> str:
        await asyncio.sleep(0)
        if not self._chunks:
            if self._error:
                raise rtc.StreamError("the sender left")
            raise StopAsyncIteration
        chunk = self._chunks.pop(0)
        if chunk is None:
            await asyncio.Event().wait()
        return cast("str", chunk)

    def close(self) -> None:
        self.closed = True


@dataclass
class Desk:
    """Where questions and refusals end up."""

    taken: list[Question] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    async def take(self, question: Question) -> None:
        self.taken.append(question)

    async def refuse(self, message_id: str, sender: str, reason: str) -> None:
        self.refused.append((message_id, reason))

    async def received(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.taken) + len(self.refused) < count:  # noqa: ASYNC110  # plain lists
                await asyncio.sleep(0.001)


def arrive(typed: TextInput, stream: Stream, sender: str = "alice") -> None:
    typed.arrived(TextStream(cast("rtc.TextStreamReader", stream)), sender)


def typed_text(desk: Desk, **settings: float) -> TextInput:
    return TextInput(
        desk.take,
        desk.refuse,
        max_chars=int(settings.get("max_chars", 100)),
        max_unread_per_sender=int(settings.get("max_unread", 50)),
        read_timeout_s=settings.get("read_timeout_s", 5.0),
    )


async def test_messages_of_one_sender_keep_their_order_and_their_ids() -> None:
    desk = Desk()
    typed = typed_text(desk)
    for number in range(20):
        arrive(typed, Stream(f"m{number}", *["word "] * (20 - number)))
    await desk.received(20)
    assert [question.id for question in desk.taken] == [f"m{number}" for number in range(20)]
    assert {question.speaker for question in desk.taken} == {"alice"}


async def test_a_stream_that_never_ends_holds_up_only_its_sender_and_only_for_a_while() -> None:
    desk = Desk()
    typed = typed_text(desk, read_timeout_s=0.05)
    arrive(typed, Stream("stuck", "half a", None), "alice")
    arrive(typed, Stream("after", "later"), "alice")
    arrive(typed, Stream("other", "hello"), "bob")
    await desk.received(3)
    assert [question.id for question in desk.taken] == ["other", "after"]
    assert desk.refused[0][0] == "stuck"
    assert "not finished" in desk.refused[0][1]


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ((), "empty"),
        ((" \n\t ",), "empty"),
        (("\x00\x00",), "empty"),
        (("\u200b\u2060",), "empty"),
        (("\ufeff \u00ad",), "empty"),
        (("\u3164\u3164",), "empty"),
        (("\u2800", "\u2800"), "empty"),
        (("\ufe0f\u200d",), "empty"),
        (("\U000e0041\U000e0042",), "empty"),
        (("\u202e\u2066\u2069",), "empty"),
        (("\u0301",), "empty"),
        (("x" * 60, "y" * 60), "longer"),
    ],
)
async def test_what_is_no_message_is_refused_with_the_reason(
    chunks: tuple[str, ...], reason: str
) -> None:
    desk = Desk()
    stream = Stream("m1", *chunks)
    arrive(typed_text(desk), stream)
    await desk.received(1)
    assert desk.taken == []
    assert reason in desk.refused[0][1]
    assert stream.closed


@pytest.mark.parametrize(
    "text",
    ["👍", "?", "é", "e\u0301", "❤\ufe0f", "7", "…", "\u200bhi", "\ue000", "\U0001fae9", "字"],
)
async def test_what_is_to_be_seen_is_a_message(text: str) -> None:
    desk = Desk()
    arrive(typed_text(desk), Stream("m1", text))
    await desk.received(1)
    assert [question.text for question in desk.taken] == [text]


async def test_who_is_not_answered_is_told_why() -> None:
    desk = Desk()
    typed = TextInput(
        desk.take,
        desk.refuse,
        max_chars=100,
        refusal=lambda sender: "not you" if sender == "bot" else None,
    )
    stream = Stream("m1", "beep")
    arrive(typed, stream, "bot")
    arrive(typed, Stream("m2", "hello"), "alice")
    await desk.received(2)
    assert (desk.refused, stream.closed) == ([("m1", "not you")], True)
    assert [question.speaker for question in desk.taken] == ["alice"]


async def test_a_stream_that_breaks_off_is_refused_not_stored_in_half() -> None:
    desk = Desk()
    arrive(typed_text(desk), Stream("m1", "half a sen", error=True))
    await desk.received(1)
    assert desk.taken == []
    assert "broke off" in desk.refused[0][1]


async def test_nul_characters_are_taken_out() -> None:
    desk = Desk()
    arrive(typed_text(desk), Stream("m1", "a\x00b"))
    await desk.received(1)
    assert desk.taken[0].text == "ab"


async def test_a_flood_of_streams_is_bounded_and_told() -> None:
    desk = Desk()
    typed = typed_text(desk, max_unread=5)
    streams = [Stream(f"m{number}", "text") for number in range(9)]
    for stream in streams:
        arrive(typed, stream)
    await desk.received(9)
    assert [question.id for question in desk.taken] == ["m0", "m1", "m2", "m3", "m4"]
    assert all("send fewer" in reason for _, reason in desk.refused)
    assert all(stream.closed for stream in streams)


@pytest.mark.parametrize(("sender", "reason"), [("", "hidden"), ("  ", "no identity")])
async def test_a_sender_without_identity_is_refused(sender: str, reason: str) -> None:
    desk = Desk()
    arrive(typed_text(desk), Stream("m1", "hello"), sender=sender)
    await desk.received(1)
    assert reason in desk.refused[0][1]


@pytest.mark.parametrize("stream_id", ["", "x" * 101, "nul\x00", "two\nlines", "m1.answer1"])
async def test_an_id_that_cannot_be_stored_or_is_an_answers_is_refused(stream_id: str) -> None:
    desk = Desk()
    typed = typed_text(desk)
    arrive(typed, Stream(stream_id, "hello"))
    arrive(typed, Stream("next", "hello"))
    await desk.received(2)
    assert desk.refused[0][0] == stream_id
    assert "stream id" in desk.refused[0][1]
    assert [question.id for question in desk.taken] == ["next"]
