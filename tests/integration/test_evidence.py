"""Questions marked with their answers: kept, erased with what they name, and measured."""

import json
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from longroom.evaluation.datasets import read_dataset
from longroom.evaluation.evaluate import Plan, evaluate
from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.embeddings.model_registry import ensure_model
from retrieval.errors import ConversationNotFound
from retrieval.store.conversations import create_room
from retrieval.store.evidence import (
    SaidQuestion,
    TypedQuestion,
    conversations_with_evidence,
    mark,
    marked,
    unmark,
)
from retrieval.store.exports.evidence import evidence_lines
from retrieval.wire import ConversationId
from tests.support.builders import message
from tests.support.canaries import tables_of, tables_with
from tests.support.fakes import HashEmbedder
from tests.support.searches import store

SAID = [
    message(1, "my kite is red"),
    message(2, "my boat is green", participant="bob"),
    message(3, "the harbour opens at nine", participant="bob"),
    message(4, "What colour is my kite?"),
    message(5, "Your kite is red.", participant="agent", role="assistant"),
    message(6, "and the boat of bob?"),
]


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    await ensure_model(db, name="hash", dimension=64)
    conversation_id, _ = await create_room(db, name="harbour")
    await store(db, conversation_id, SAID)
    return conversation_id


async def test_a_question_marked_again_is_replaced(db: asyncpg.Pool, room: ConversationId) -> None:
    question = SaidQuestion("m4")
    first = await mark(db, conversation_id=room, question=question, message_ids=["m2"])
    again = await mark(db, conversation_id=room, question=question, message_ids=["m1", "m1"])
    await mark(db, conversation_id=room, question=TypedQuestion("whose boat?"), message_ids=["m2"])

    assert first == again
    said, typed = await marked(db, conversation_id=room)
    assert (said.question, said.message_ids) == (question, ["m1"])
    assert typed.question == TypedQuestion("whose boat?")
    assert await conversations_with_evidence(db) == {room: 2}

    await unmark(db, conversation_id=room, evidence_id=first)
    assert [one.question for one in await marked(db, conversation_id=room)] == [typed.question]


async def test_nothing_is_marked_in_a_conversation_that_is_not_there(db: asyncpg.Pool) -> None:
    nowhere = ConversationId(uuid4())
    with pytest.raises(ConversationNotFound):
        await mark(db, conversation_id=nowhere, question=SaidQuestion("m1"), message_ids=[])
    with pytest.raises(ConversationNotFound):
        await lines_of(db, nowhere)


async def test_the_file_is_measured_as_the_question_was_asked(
    db: asyncpg.Pool, database_url: str, room: ConversationId, tmp_path: Path
) -> None:
    """Its own words, said in the room, would else be found first, and then the reply to it."""
    await mark(db, conversation_id=room, question=SaidQuestion("m4"), message_ids=["m1"])
    await mark(db, conversation_id=room, question=SaidQuestion("m6"), message_ids=["m2"])
    typed = TypedQuestion("when does the harbour open?", asker="ana")
    await mark(db, conversation_id=room, question=typed, message_ids=["m3"])
    await mark(db, conversation_id=room, question=TypedQuestion("who is on Mars?"), message_ids=[])
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(b"".join(await lines_of(db, room)))

    (dialogue,) = read_dataset(path, form="jsonl")
    kite, boat, harbour, mars = dialogue.questions
    assert [one.id for one in dialogue.messages] == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert kite.asked_at == SAID[3].created_at
    assert [one.content for one in boat.window] == [one.content for one in SAID[:5]]
    assert (harbour.asker, harbour.asked_at, harbour.window) == ("ana", None, ())
    assert (mars.answerable, mars.evidence) == (False, ())

    plan = Plan(path, form="jsonl", peers=True)
    result = await evaluate(database_url, HashEmbedder(), plan)

    assert result["questions"] == 3
    assert result["messages_by_room"] == {"room harbour": 6}
    assert result["evidence_unknown"] == 0
    assert result["r5_micro"] == 100
    assert result["baselines"]["bm25"]["r5_micro"] > 0


async def test_a_file_of_several_conversations_keeps_them_apart(
    db: asyncpg.Pool, room: ConversationId, tmp_path: Path
) -> None:
    other, _ = await create_room(db, name="other")
    await store(db, other, [message(1, "here m1 is about trains")])
    path = tmp_path / "evidence.jsonl"
    for one in (room, other):
        await mark(db, conversation_id=one, question=TypedQuestion("what?"), message_ids=["m1"])
    path.write_bytes(b"".join([*await lines_of(db, room), *await lines_of(db, other)]))

    harbour, trains = read_dataset(path, form="jsonl")

    assert (harbour.name, trains.name) == ("room harbour", "room other")
    assert trains.questions[0].evidence == ("m1",)


async def test_evidence_goes_with_the_messages_it_names_and_the_words_it_quotes(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await mark(db, conversation_id=room, question=SaidQuestion("m4"), message_ids=["m1"])
    await mark(db, conversation_id=room, question=SaidQuestion("m6"), message_ids=["m2", "m3"])
    await mark(db, conversation_id=room, question=TypedQuestion("harbour hours"), message_ids=[])
    kept = TypedQuestion("which colour?", asker="bob")
    await mark(db, conversation_id=room, question=kept, message_ids=["m1"])

    receipt = await erase_message(db, conversation_id=room, message_id="m3")

    assert receipt.rows["evidence"] == 2
    assert [one.question for one in await marked(db, conversation_id=room)] == [
        SaidQuestion("m4"),
        kept,
    ]
    assert await tables_with(db, ["harbour hours", '"m3"', "m3}"]) == {}

    receipt = await erase_participant(db, conversation_id=room, identity="bob")
    assert receipt.rows["evidence"] == 1
    assert [one.question for one in await marked(db, conversation_id=room)] == [SaidQuestion("m4")]

    receipt = await erase_conversation(db, conversation_id=room)
    assert receipt.rows["evidence"] == 1
    assert "evidence" not in await tables_of(db, room)


async def lines_of(db: asyncpg.Pool, conversation_id: ConversationId) -> list[bytes]:
    lines = [line async for line in evidence_lines(db, conversation_id=conversation_id)]
    assert all(isinstance(json.loads(line), dict) for line in lines)
    return lines
