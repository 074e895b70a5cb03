"""Rooms in memory, beside what the database says."""

import asyncpg
import numpy as np
import pytest

from retrieval.search.memory import agreement
from retrieval.search.memory.agreement import agrees


async def test_inner_products_agree_with_the_database(db: asyncpg.Pool) -> None:
    dimensions = (1, 7, 8, 100, 384, 390)

    assert [await agrees(db, dimension=one) for one in dimensions] == [True] * len(dimensions)


async def test_another_order_of_additions_is_noticed(
    db: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "of_rows", np.matmul)

    assert not await agrees(db, dimension=384)
