"""One active model per database; other models are refused."""

import asyncio

import asyncpg
import pytest

from retrieval.embeddings import model_registry as embedding_models
from retrieval.embeddings.model_registry import PendingCounts, active_model, ensure_model
from retrieval.errors import ModelMismatch
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from tests.support.builders import message


async def test_the_first_model_becomes_active(db: asyncpg.Pool) -> None:
    assert await active_model(db) is None
    model = await ensure_model(db, name="a", dimension=64)
    assert model.state == "active"
    assert await active_model(db) == model
    assert await ensure_model(db, name="a", dimension=64) == model


async def test_messages_stored_before_the_first_model_become_pending(db: asyncpg.Pool) -> None:
    for name in ("one", "two"):
        room, _ = await create_room(db, name=name)
        await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
    model = await ensure_model(db, name="a", dimension=64)
    counts = await embedding_models.pending_counts(db, model_id=model.model_id)
    assert counts == PendingCounts(pending=4, failed=0)


async def test_another_model_is_refused(db: asyncpg.Pool) -> None:
    await ensure_model(db, name="a", dimension=64)
    with pytest.raises(ModelMismatch, match="active embedding model is 'a', not 'b'"):
        await ensure_model(db, name="b", dimension=64)


async def test_another_dimension_is_refused(db: asyncpg.Pool) -> None:
    await ensure_model(db, name="a", dimension=64)
    with pytest.raises(ModelMismatch, match="embeddings of 64 under this name"):
        await ensure_model(db, name="a", dimension=384)


async def test_many_programs_starting_at_once_agree(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="one")
    await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
    models = await asyncio.gather(*(ensure_model(db, name="a", dimension=64) for _ in range(8)))
    assert len(set(models)) == 1
    counts = await embedding_models.pending_counts(db, model_id=models[0].model_id)
    assert counts == PendingCounts(pending=2, failed=0)


async def test_of_two_models_that_start_at_once_one_wins(db: asyncpg.Pool) -> None:
    results = await asyncio.gather(
        *(ensure_model(db, name=name, dimension=64) for name in "abab"), return_exceptions=True
    )
    active = await active_model(db)
    assert active is not None
    for name, result in zip("abab", results, strict=True):
        if name == active.name:
            assert result == active
        else:
            assert isinstance(result, ModelMismatch)


async def test_a_registration_that_was_cut_short_is_finished_by_the_next(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="one")
    await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
    await db.execute("insert into embedding_model values (1, 'a', 64, 'filling')")
    model = await ensure_model(db, name="a", dimension=64)
    counts = await embedding_models.pending_counts(db, model_id=model.model_id)
    assert (model.state, counts.pending) == ("active", 2)


async def test_messages_appended_while_the_model_is_registered_are_not_missed(
    db: asyncpg.Pool,
) -> None:
    room, _ = await create_room(db, name="one")

    async def append(number: int) -> None:
        await append_messages(db, conversation_id=room, messages=[message(number)])

    await asyncio.gather(
        *(append(number) for number in range(20)),
        ensure_model(db, name="a", dimension=64),
        *(append(number) for number in range(20, 40)),
    )
    counts = await embedding_models.pending_counts(db, model_id=1)
    assert counts == PendingCounts(pending=40, failed=0)
