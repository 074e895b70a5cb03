"""The demo room: complete, in order, small enough for one batch, and worth its questions."""

from collections import Counter

from longroom.demo_room import AGENT, QUESTIONS, messages
from retrieval.wire import MAX_BATCH_MESSAGES

WINDOW = 12


def test_the_room_holds_months_of_several_people_in_one_batch() -> None:
    room = messages()
    assert 300 <= len(room) <= min(400, MAX_BATCH_MESSAGES)
    assert 7 <= len({message.participant for message in room}) <= 9
    assert (room[-1].created_at - room[0].created_at).days > 7 * 30


def test_messages_stand_in_the_order_of_their_times_and_have_unique_ids() -> None:
    room = messages()
    times = [message.created_at for message in room]
    assert times == sorted(times)
    assert len({message.id for message in room}) == len(room)


def test_only_the_agent_speaks_as_the_assistant() -> None:
    roles = Counter((message.role, message.participant == AGENT) for message in messages())
    assert set(roles) == {("assistant", True), ("user", False)}


def test_the_answers_left_the_rolling_window_long_ago() -> None:
    facts = ["PW-20417", "red boathouse", "60 days", "hazelnuts", "power strip", "nine seconds"]
    room = messages()
    for fact in [*facts, "200 millilitres"]:
        said = [number for number, message in enumerate(room) if fact in message.content]
        assert said, fact
        assert said[0] < len(room) - 8 * WINDOW, fact
        assert said[-1] < len(room) - WINDOW, fact


def test_at_least_six_questions_are_suggested() -> None:
    assert len(set(QUESTIONS)) >= 6
