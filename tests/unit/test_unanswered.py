"""Which questions an agent's successor finds open, and what it takes for the window."""

import asyncio
import dataclasses
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.conversation.resume import Resumed, resume
from agent.conversation.session.event_records import asked_again_record, turn_record
from agent.conversation.unanswered import STILL_WAITED_FOR, answered_ids, find_unanswered, in_turns
from agent.messages.question import Outcome, answer_id, answered_question
from agent.messages.rolling_window import GOES_ON
from agent.recall.recall import Recalled
from agent.settings import AgentSettings
from retrieval.wire import MessageCreate, MessageId
from tests.support.fake_backend import FakeBackend

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


def asked(id_: str, *, speaker: str = "ana", ago_s: float = 10) -> MessageCreate:
    return _message(id_, "user", speaker, ago_s)


def answer_to(question: str, part: int = 1, *, ago_s: float = 10) -> MessageCreate:
    return _message(answer_id(MessageId(question), part), "assistant", "agent", ago_s)


def said(id_: str, *, ago_s: float = 10) -> MessageCreate:
    """By an agent that named no question."""
    return _message(id_, "assistant", "agent", ago_s)


def _message(id_: str, role: Any, who: str, ago_s: float) -> MessageCreate:
    return MessageCreate(
        id=MessageId(id_),
        role=role,
        participant=who,
        content=f"text of {id_}",
        created_at=NOW - timedelta(seconds=ago_s),
    )


def at(message: Any, now: datetime) -> Any:
    return message.model_copy(update={"created_at": now - timedelta(seconds=5)})


def test_an_answers_id_tells_its_question() -> None:
    assert answered_question(answer_id(MessageId("q 7.answer1"), 2)) == "q 7.answer1"
    assert answered_question("item_12.18fe") is None


def test_an_answer_that_names_no_question_belongs_to_the_one_before() -> None:
    assert answered_ids([asked("a"), asked("b"), said("x"), asked("c")]) == {"b"}
    assert answered_ids([asked("a"), asked("b"), answer_to("a")]) == {"a"}


def test_tools_and_systems_answer_no_question() -> None:
    called = [_message(f"{role}.answer1", role, "lookup", 5) for role in ("tool", "system")]
    assert answered_ids([asked("tool"), asked("system"), *called]) == set()
    assert answered_ids([asked("a"), _message("t", "tool", "lookup", 5)]) == set()


async def test_the_window_of_a_joining_agent_is_of_people_and_the_assistant(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    said_last = [_message(f"t{n}", ("tool", "system")[n % 2], "lookup", 5) for n in range(20)]
    conversation_id = backend.room()
    async with aclosing(backend.client()) as client:
        await client.append_messages(conversation_id, [asked("a"), said("b"), *said_last])
        resumed = await resume(
            client,
            AgentSettings(data_dir=tmp_path, rolling_window_messages=4),
            room="den",
            identity="agent",
            session_id="s",
        )
    assert [message.id for message in resumed.window] == ["a", "b"]
    assert resumed.message_count == 22
    await resumed.outbox.aclose()


def test_no_user_answers_by_choosing_an_id() -> None:
    assert answered_ids([asked("a"), asked("a.answer1")]) == set()


def test_answers_stand_behind_their_questions_in_the_order_of_the_turns() -> None:
    stored = [
        asked("a1"),
        asked("a2"),
        asked("b1"),
        answer_to("a1"),
        answer_to("b1"),
        answer_to("b1", 2),
        asked("old"),
        answer_to("a2"),
    ]
    assert [m.id for m in in_turns(stored)] == [
        "a1",
        "a1.answer1",
        "b1",
        "b1.answer1",
        "b1.answer2",
        "old",
        "a2",
        "a2.answer1",
    ]


async def resumed_from(
    messages: list[MessageCreate], tmp_path: Path, backend: FakeBackend, window: int = 4
) -> Resumed:
    client = backend.client()
    conversation_id = backend.room("den")
    if messages:
        await client.append_messages(conversation_id, messages)
    settings = AgentSettings(data_dir=tmp_path, rolling_window_messages=window)
    return await resume(
        client,
        settings,
        room="den",
        identity="agent",
        session_id="s",
        conversation_id=conversation_id,
    )


async def test_all_that_waits_is_found_in_order_also_when_it_has_left_the_window(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    line = [asked(f"a{n}") for n in range(6)]
    others = [
        m for n in range(4) for m in (asked(f"b{n}", speaker="ben"), answer_to(f"b{n}", ago_s=5))
    ]
    resumed = await resumed_from([*line, answer_to("a0"), *others], tmp_path, backend)
    taken = await find_unanswered(backend.client(), resumed, window=4, now=NOW)
    await resumed.outbox.aclose()
    assert [q.id for q in taken.waiting] == ["a1", "a2", "a3", "a4", "a5"]
    assert {(q.id, end) for q, end in taken.ended} == {
        (id_, "answered") for id_ in ("a0", "b0", "b1", "b2", "b3")
    }
    assert [m.id for m in taken.resumed.window] == ["b2", "b2.answer1", "b3", "b3.answer1"]


async def test_the_questions_keep_speaker_text_and_time(tmp_path: Path) -> None:
    backend = FakeBackend()
    resumed = await resumed_from([asked("a", speaker="ben", ago_s=30)], tmp_path, backend)
    [waiting] = (await find_unanswered(backend.client(), resumed, window=4, now=NOW)).waiting
    await resumed.outbox.aclose()
    assert (waiting.speaker, waiting.text) == ("ben", "text of a")
    assert waiting.asked_at == NOW - timedelta(seconds=30)


@pytest.mark.parametrize("still_on_disk", [False, True])
async def test_what_was_announced_as_failed_or_empty_waits_no_more(
    tmp_path: Path, still_on_disk: bool
) -> None:
    backend = FakeBackend()
    resumed = await resumed_from([asked(id_) for id_ in "abcd"], tmp_path, backend)
    ends: list[Outcome] = ["failed", "empty", "interrupted"]
    records = [turn_record(id_, Recalled(), end) for id_, end in zip("abc", ends, strict=True)]
    backend.down = still_on_disk
    await resumed.outbox.accept(*records)
    if not still_on_disk:
        assert await resumed.outbox.drain(5)

    now = datetime.now(UTC) - timedelta(seconds=60)  # by a worker whose clock is behind
    found = dataclasses.replace(resumed, window=[at(m, now) for m in resumed.window])
    taken = await find_unanswered(backend.client(), found, window=9, now=now)

    await resumed.outbox.aclose()
    assert [q.id for q in taken.waiting] == ["d"]
    assert [(q.id, end) for q, end in taken.ended] == list(zip("abc", ends, strict=True))


async def test_a_question_that_failed_after_its_first_words_can_be_asked_again_by_the_next_agent(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    cut_off = {"interrupted": True}
    said_before = [
        asked("failed"),
        answer_to("failed").model_copy(update=cut_off),
        asked("stopped"),
        answer_to("stopped", 2).model_copy(update=cut_off),
        asked("answered at last"),
        answer_to("answered at last").model_copy(update=cut_off),
        answer_to("answered at last", 2),
    ]
    resumed = await resumed_from(said_before, tmp_path, backend, window=9)
    await resumed.outbox.accept(
        *(turn_record(id_, Recalled(), "failed") for id_ in ("failed", "answered at last"))
    )
    taken = await find_unanswered(backend.client(), resumed, window=9, now=NOW)
    await resumed.outbox.aclose()
    assert taken.waiting == []
    assert [(q.id, end) for q, end in taken.ended] == [
        ("failed", "failed"),
        ("stopped", "interrupted"),
        ("answered at last", "answered"),
    ]
    assert taken.parts == {"failed": 1, "stopped": 2, "answered at last": 2}


async def test_a_failed_question_that_was_accepted_anew_waits(tmp_path: Path) -> None:
    backend = FakeBackend()
    resumed = await resumed_from([asked("a"), asked("b")], tmp_path, backend)
    await resumed.outbox.accept(
        turn_record("a", Recalled(), "failed"),
        turn_record("b", Recalled(), "failed"),
        asked_again_record("a"),
    )
    taken = await find_unanswered(backend.client(), resumed, window=9, now=NOW)
    await resumed.outbox.aclose()
    assert [q.id for q in taken.waiting] == ["a"]
    assert [(q.id, end) for q, end in taken.ended] == [("b", "failed")]


async def test_what_was_said_before_a_search_is_no_answer(tmp_path: Path) -> None:
    """The agent was killed while it looked something up."""
    backend = FakeBackend()
    let_me_see = answer_to("a").model_copy(update={"metadata": {GOES_ON: True}})
    resumed = await resumed_from([asked("a"), let_me_see], tmp_path, backend)
    taken = await find_unanswered(backend.client(), resumed, window=9, now=NOW)
    await resumed.outbox.aclose()
    assert [q.id for q in taken.waiting] == ["a"]
    assert taken.resumed.window == []
    assert taken.parts == {"a": 1}


async def test_an_old_question_is_given_up_and_stays_in_the_window(tmp_path: Path) -> None:
    backend = FakeBackend()
    old = STILL_WAITED_FOR.total_seconds() + 1
    resumed = await resumed_from([asked("a", ago_s=old)], tmp_path, backend)
    taken = await find_unanswered(backend.client(), resumed, window=4, now=NOW)
    await resumed.outbox.aclose()
    assert (taken.waiting, taken.ended) == ([], [])
    assert [m.id for m in taken.resumed.window] == ["a"]


@pytest.mark.parametrize("count", [2, 9])
async def test_what_only_the_outbox_holds_waits_as_well_when_the_backend_is_down(
    tmp_path: Path, count: int
) -> None:
    backend = FakeBackend()
    first = await resumed_from([], tmp_path, backend)
    backend.down = True
    await first.outbox.accept(*(asked(f"a{n}") for n in range(count)))
    await first.outbox.aclose()
    second = await resumed_from([], tmp_path, backend)
    taken = await find_unanswered(backend.client(), second, window=4, now=NOW)
    await second.outbox.aclose()
    assert [q.id for q in taken.waiting] == [f"a{n}" for n in range(count)]


async def test_what_the_outbox_kept_takes_its_place_by_time_in_the_window(tmp_path: Path) -> None:
    """Another agent has gone on meanwhile."""
    backend = FakeBackend()
    first = await resumed_from([], tmp_path, backend)
    await first.outbox.accept(asked("kept", ago_s=50))
    backend.down = True
    await first.outbox.aclose()
    backend.down = False
    later = [asked("later", ago_s=9), answer_to("later", ago_s=7)]

    second = await resumed_from(later, tmp_path, backend)

    await second.outbox.aclose()
    assert [m.id for m in second.window] == ["kept", "later", "later.answer1"]
    assert second.last_message_at == NOW - timedelta(seconds=7)


async def test_an_import_of_history_hides_no_question_that_waits(tmp_path: Path) -> None:
    backend = FakeBackend()
    history = [asked(f"old{n}", ago_s=9_000 - n) for n in range(300)]
    resumed = await resumed_from([asked("a"), *history], tmp_path, backend)
    taken = await find_unanswered(backend.client(), resumed, window=4, now=NOW)
    await resumed.outbox.aclose()
    assert [q.id for q in taken.waiting] == ["a"]
    assert [m.id for m in taken.resumed.window] == ["old296", "old297", "old298", "old299"]


async def in_room(backend: FakeBackend, tmp_path: Path, room: str) -> Resumed:
    settings = AgentSettings(data_dir=tmp_path, rolling_window_messages=6)
    return await resume(
        backend.client(),
        settings,
        room=room,
        key="ada",
        identity=room,
        session_id=room,
        has_room=lambda: asyncio.sleep(0, True),
    )


async def test_what_waits_in_another_room_of_the_conversation_is_left_to_it(tmp_path: Path) -> None:
    backend = FakeBackend()
    line = [
        asked("told").model_copy(update={"room": "phone"}),
        answer_to("told").model_copy(update={"room": "phone"}),
        asked("here").model_copy(update={"room": "web"}),
        asked("there").model_copy(update={"room": "phone"}),
        asked("nowhere"),  # imported, or typed in a terminal: its agent is not one of a room
    ]
    await backend.client().append_messages(backend.of_key("ada"), line)
    for room, waiting in (("web", ["here"]), ("phone", ["there"])):
        resumed = await in_room(backend, tmp_path, room)
        taken = await find_unanswered(backend.client(), resumed, window=6, now=NOW)
        await resumed.outbox.aclose()
        assert [q.id for q in taken.waiting] == waiting
        # What was said there is remembered here; what is being answered there is not answered here.
        assert [m.id for m in taken.resumed.window] == ["told", "told.answer1"]


async def test_two_agents_of_one_conversation_store_each_in_its_own_name(tmp_path: Path) -> None:
    backend = FakeBackend()
    phone, web = [await in_room(backend, tmp_path, room) for room in ("phone", "web")]
    await phone.outbox.accept(asked("a"))
    await web.outbox.accept(asked("b"))
    assert await phone.outbox.drain(5)
    assert await web.outbox.drain(5)
    await phone.outbox.aclose()
    await web.outbox.aclose()
    assert {(m.id, m.room) for m in backend.messages[backend.of_key("ada")]} == {
        ("a", "phone"),
        ("b", "web"),
    }


async def test_what_a_killed_agent_had_on_disk_is_found_by_its_rooms_next_one(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    phone = await in_room(backend, tmp_path, "phone")
    backend.down = True
    await phone.outbox.accept(asked("a"))
    await phone.outbox.aclose()
    backend.down = False
    web = await in_room(backend, tmp_path, "web")
    assert await web.outbox.waiting_messages() == []
    again = await in_room(backend, tmp_path, "phone")
    assert [m.id for m in again.window] == ["a"]
    await web.outbox.aclose()
    await again.outbox.aclose()
    assert [(m.id, m.room) for m in backend.messages[backend.of_key("ada")]] == [("a", "phone")]
