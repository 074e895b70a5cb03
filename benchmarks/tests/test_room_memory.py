"""`make bench-search` compares rooms in memory with the database, and can tell when it did not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat
from random import Random
from typing import Any
from uuid import UUID

import aiohttp
import numpy as np
import pytest
from aiohttp import web

from benchmarks.cpu_clock import CpuClock
from benchmarks.search_rooms import messages, unit
from benchmarks.search_speed import faults
from benchmarks.whole_search.at_once import beside
from benchmarks.whole_search.differences.asked import KINDS, Asker
from benchmarks.whole_search.differences.compare import differing, equal
from benchmarks.whole_search.differences.room import ChangingRoom
from benchmarks.whole_search.differences.rounds import Comparison, Round
from benchmarks.whole_search.kept import ANSWERED, NeverFromMemory, fill_memory
from benchmarks.whole_search.near_embedder import NearEmbedder
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Served
from retrieval.embedders import Embeddings, EmbedKind
from retrieval.wire import ConversationId, MessageCreate, SearchRequest
from testbed import web_server

ROOM = Room(3, ConversationId(UUID(int=1)), model_id=1)
SAID = messages(50, data=None, random=np.random.default_rng(1))


class Answers:
    """A backend that finds one hit of this score; `from_memory` is how many of them it says so."""

    def __init__(self, score: float = 0.5, *, from_memory: bool = True) -> None:
        self.score = score
        self.searches = 0
        self.from_memory = from_memory

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Served]:
        app = web.Application()
        app.router.add_post("/api/v1/conversations/{id}/search", self._search)
        app.router.add_get("/metrics", self._metrics)
        async with web_server.served(app) as url, aiohttp.ClientSession(url) as session:
            yield Served(session, None, 0, CpuClock(()))  # type: ignore[arg-type]  # not asked

    async def _search(self, _: web.Request) -> web.Response:
        self.searches += 1
        told = {"hits": [{"score": self.score}], "timings": {"total_ms": self.searches}}
        return web.json_response(told)

    async def _metrics(self, _: web.Request) -> web.Response:
        answered = self.searches if self.from_memory else 0
        return web.Response(text=f"# TYPE x counter\n{ANSWERED} {answered}\n")


async def _compared(memory: Answers, sql: Answers) -> Round:
    said = [*SAID]
    async with memory.served() as one, sql.served() as other:
        changing = ChangingRoom(ROOM, said, iter(()), [one, other], None, None, Random(1))  # type: ignore[arg-type]  # noqa: S311
        comparison = Comparison(one, other, changing, repeat("why?"), 5)
        return await comparison.ask("as it was", beside_writes=False)


async def test_equal_answers_are_counted_with_how_many_came_from_memory() -> None:
    told = await _compared(Answers(), Answers())

    assert told.figures() == {"compared": 5, "from_memory": 5, "differences": 0}


async def test_an_answer_that_differs_is_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    told = await _compared(Answers(score=0.5), Answers(score=0.25))

    assert told.differences == 5
    assert "hits 0 score: 0.5 / 0.25" in capsys.readouterr().out


async def test_a_comparison_in_which_memory_never_answered_fails() -> None:
    with pytest.raises(NeverFromMemory):
        await _compared_at_once(Answers(from_memory=False))


async def _compared_at_once(memory: Answers) -> None:
    async with memory.served() as one:
        await fill_memory(one, ROOM, "why?", within_s=0.1)


def test_answers_may_differ_in_their_timings_only() -> None:
    one: dict[str, Any] = {"hits": [{"score": 0.5, "parts": {"words": 1.0}}], "timings": 1}
    other: dict[str, Any] = {"hits": [{"score": 0.5, "parts": {"words": 1.5}}], "timings": 2}

    assert equal(one, {**one, "timings": 2})
    assert differing(one, {**one, "timings": 2}) == []
    assert not equal(one, other)
    assert differing(one, other) == ["hits 0 parts words: 1.0 / 1.5"]
    assert differing(one, {"timings": 1, "hits": []})[0].startswith("hits: ")
    assert differing(one, {**one, "revision": 1}) == ["revision: None / 1"]


def test_a_run_fails_with_differences_and_with_writes_that_another_backend_lacks() -> None:
    assert [*faults({"differences": 0, "compared": 10, "backends": {"two": {"unseen": 0}}})] == []
    assert [*faults({"whole": {}})] == []
    assert len([*faults({"differences": 1})]) == 1
    assert len([*faults({"backends": {"two": {"unseen": 1}}})]) == 1


SHORT = [one.model_copy(update={"content": "k"}) for one in SAID]


@pytest.mark.parametrize("said", [SAID, SHORT])
@pytest.mark.parametrize("kind", KINDS)
def test_questions_of_every_kind_are_requests(kind: str, said: list[MessageCreate]) -> None:
    asker = Asker(said, repeat("what about the pump?"), Random(2))  # noqa: S311
    asked = [asker.question(number) for number in range(2 * len(KINDS))]
    own = [one.request for one in asked if one.kind == kind]

    assert len({SearchRequest.model_validate(request).explain for request in own}) == 2


def test_words_are_misspelt() -> None:
    said = [one.model_copy(update={"content": "yesterday"}) for one in SAID]
    asker = Asker(said, repeat(""), Random(3))  # noqa: S311
    misspelt = {asker.misspelt() for _ in range(50)}

    assert len(misspelt) > 10
    assert sum("yesterday" not in word for word in misspelt) > 10


def test_figures_of_both_paths_stand_in_one_row() -> None:
    row = beside({"cpu_ms": 10.0, "wall_p50_ms": 5.0}, {"cpu_ms": 20.0, "wall_p50_ms": 9.0})

    assert row == {
        "ratio_to_sql": 0.5,
        "cpu_ms": 10.0,
        "wall_p50_ms": 5.0,
        "sql_cpu_ms": 20.0,
        "sql_wall_p50_ms": 9.0,
    }


class FewTexts:
    """An embedder that counts."""

    name = "few"
    dimension = 384

    def __init__(self) -> None:
        self.embedded: list[str] = []

    async def embed(self, texts: list[str], *, kind: EmbedKind) -> Embeddings:
        self.embedded += texts
        rows = np.random.default_rng(4).standard_normal((len(self.embedded), self.dimension))
        return unit(rows.astype(np.float32))[-len(texts) :]

    async def aclose(self) -> None:
        return None


async def test_beyond_so_many_texts_embeddings_lie_near_those_of_others() -> None:
    inner = FewTexts()
    embedder = NearEmbedder(inner, real=3)  # type: ignore[arg-type]  # of lists
    first = await embedder.embed(["a", "b", "c", "d"], kind="document")
    again = await embedder.embed(["e", "d", "a"], kind="document")

    assert inner.embedded == ["a", "b", "c"]
    np.testing.assert_array_equal(again[1:], first[[3, 0]])
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, rtol=1e-5)
    nearest = (np.stack([first[3], again[0]]) @ first[:3].T).max(axis=1)
    assert (nearest > 0.5).all()
    assert (nearest < 0.999).all()
