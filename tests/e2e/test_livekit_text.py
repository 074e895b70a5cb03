import asyncio
import json

import pytest
from livekit import api

from testbed.livekit_stack import Stack
from testbed.room_user import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_typed_question_is_answered_with_what_was_said_a_thousand_messages_ago(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    fact = "The gate code of the warehouse in Lisbon is 7741."
    await stack.remember(room.stored.conversation_id, fact, later=1000)
    turn = await room.users[0].ask("What is the gate code of the Lisbon warehouse?")
    prompt = stack.model.prompt_of("gate code of the Lisbon warehouse")
    assert fact in prompt.text
    assert "alice" in prompt.text
    assert (turn.outcome, turn.answers[0].complete) == ("answered", True)
    assert turn.text.startswith("You said: What is the gate code")
    await stack.close(room)


async def test_question_and_answer_are_stored_under_the_senders_id_and_name(stack: Stack) -> None:
    room = await stack.open_room("alice")
    turn = await room.users[0].ask("Where do I find the invoices?")
    await room.users[0].ask("Thank you.")
    question, answer, thanks, _ = (await stack.messages(room, at_least=4))[:4]
    assert (question.id, question.participant, question.role) == (
        turn.question_id,
        "alice",
        "user",
    )
    assert question.content == "Where do I find the invoices?"
    assert (answer.role, answer.content.strip()) == ("assistant", turn.text.strip())
    assert thanks.content == "Thank you."
    await stack.close(room)


async def test_three_people_at_once_are_all_answered_each_in_their_own_order(stack: Stack) -> None:
    room = await stack.open_room("alice", "bob", "carol")
    asked = {
        user.identity: [await user.say(f"{user.identity} asks {n}") for n in range(3)]
        for user in room.users
    }
    for user in room.users:
        outcomes = [await user.outcome(question) for question in asked[user.identity]]
        assert [status["outcome"] for status in outcomes] == ["answered"] * 3
    stored = [
        message for message in await stack.messages(room, at_least=18) if message.role == "user"
    ]
    for identity, questions in asked.items():
        assert [message.id for message in stored if message.participant == identity] == questions
    assert '[user "carol"]' in stack.model.prompt_of("carol asks 2").text
    await stack.close(room)


async def test_when_one_person_leaves_the_agent_goes_on_with_the_others(stack: Stack) -> None:
    room = await stack.open_room("alice", "bob")
    await room.users[0].ask("I am the first to ask.")
    await room.users[0].leave()
    turn = await room.users[1].ask("Are you still there?")
    assert turn.outcome == "answered"
    await stack.close(room)


async def test_metadata_that_changes_during_the_session_is_known_in_the_next_turn(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    await room.users[0].ask("Who am I?")
    assert "gold" not in stack.model.prompt_of("Who am I?").text
    await stack.rooms.room.update_participant(
        api.UpdateParticipantRequest(
            room=room.name,
            identity="alice",
            metadata=json.dumps({"language": "de", "plan": "gold"}),
        )
    )
    await until(lambda: room.users[0].room.local_participant.metadata)
    await room.users[0].ask("And who am I now?")
    assert '"plan": "gold"' in stack.model.prompt_of("And who am I now?").text
    await stack.close(room)


async def test_foreign_metadata_does_not_disturb_anybody(stack: Stack) -> None:
    room = await stack.open_room("alice")
    mallory = await stack.join(room.name, "mallory", metadata='{"language": {"x": ' + "[" * 999)
    assert (await mallory.ask("Hello, do you hear me?")).outcome == "answered"
    await mallory.leave()
    await stack.close(room)


async def test_two_rooms_never_see_each_others_messages(stack: Stack) -> None:
    one, other = await asyncio.gather(stack.open_room("alice"), stack.open_room("alice"))
    secret = "The password of the vault is xylophone-42."
    await one.users[0].ask(secret)
    await other.users[0].ask("What is the password of the vault?")
    assert "xylophone" not in stack.model.prompt_of("What is the password of the vault?").text
    assert len(await stack.messages(other, at_least=2)) == 2
    await stack.close(one)
    await stack.close(other)


async def test_the_window_stays_small_and_the_rest_is_recalled(stack: Stack) -> None:
    room = await stack.open_room("alice")
    await room.users[0].ask("My order number is 88-1203-77.")
    for n in range(10):
        await room.users[0].ask(f"Let us talk about topic {n} instead.")
    await room.users[0].ask("What was my order number?")
    prompt = stack.model.prompt_of("What was my order number?")
    assert len(prompt.conversation) <= 13
    assert "88-1203-77" in prompt.text
    await stack.close(room)


async def test_a_flood_is_bounded_told_and_does_not_keep_others_waiting(stack: Stack) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    stack.model.word_delay_s = 0.02
    try:
        sent = [await alice.say(f"flood {n}") for n in range(40)]
        calm = await bob.ask("May I ask something, too?", timeout_s=10)
        outcomes = [(await alice.outcome(question))["outcome"] for question in sent]
    finally:
        stack.model.word_delay_s = 0.0
    assert calm.outcome == "answered"
    assert outcomes.count("refused") >= 40 - 10 - 5
    assert outcomes[:5] == ["answered"] * 5
    await stack.close(room)


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), ("   \n", "empty"), ("x" * 200_000, "longer than")]
)
async def test_what_is_no_message_is_refused_with_the_reason(
    stack: Stack, text: str, reason: str
) -> None:
    room = await stack.open_room("alice")
    turn = await room.users[0].ask(text)
    assert turn.outcome == "refused"
    assert reason in str(turn.reason)
    assert (await room.users[0].ask("But this is one.")).outcome == "answered"
    await stack.close(room)


async def test_a_question_sent_again_with_its_id_is_answered_once(stack: Stack) -> None:
    room = await stack.open_room("alice")
    turn = await room.users[0].ask("Is this sent twice?")
    again = await room.users[0].ask("Is this sent twice?", message_id=turn.question_id)
    assert (again.outcome, again.answers) == ("answered", [])
    stored = [
        m for m in await stack.messages(room, at_least=2) if m.content == "Is this sent twice?"
    ]
    assert len(stored) == 1
    await stack.close(room)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a b/c?d=e#f&g", "x'; drop table message; --", "räum – 部屋 🛋"]
)
async def test_a_room_with_a_hostile_name_is_a_room_like_any_other(stack: Stack, name: str) -> None:
    room = await stack.open_room("alice", name=name)
    turn = await room.users[0].ask("Is this a room?")
    assert turn.outcome == "answered"
    assert (await stack.messages(room, at_least=2))[0].content == "Is this a room?"
    await stack.close(room)


async def test_people_of_the_same_display_name_are_told_apart_by_identity(stack: Stack) -> None:
    room = await stack.open_room("sam-1", "sam-2")
    for user in room.users:
        await user.room.local_participant.set_name("Sam")
        await user.ask(f"I am {user.identity}.")
    stored = await stack.messages(room, at_least=4)
    assert [m.participant for m in stored if m.role == "user"] == ["sam-1", "sam-2"]
    await stack.close(room)
