"""Searches are begun early, shared by their wording, and never hold up or break a turn."""

import asyncio
from datetime import UTC, datetime

import pytest

from agent.recall.circuit_breaker import CircuitBreaker
from agent.recall.query import Asker, RecallLimits
from agent.recall.recall import Recall, Recalled
from longroom.client import BackendRejected, BackendUnavailable
from retrieval.wire import (
    Message,
    MessageId,
    Problem,
    RetrievalHit,
    SearchRequest,
    SearchResponse,
    SearchTimings,
    WindowMessage,
)

ANA, BEN = Asker("ana"), Asker("ben", "Asia/Tokyo")
NO_IDS: frozenset[str] = frozenset()
EAGER = RecallLimits(timeout_s=5.0, debounce_s=0.0)


class Searches:
    """Answers every search with hits m0, m1, m2 and their neighbours, once `may_answer` is set."""

    def __init__(self) -> None:
        self.requests: list[SearchRequest] = []
        self.cancelled: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None
        self.relevant = True
        self.read_as: str | None = None

    async def __call__(self, request: SearchRequest) -> SearchResponse:
        self.requests.append(request)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled.append(request.query)
            raise
        if self.error is not None:
            raise self.error
        hits = [
            RetrievalHit(
                message=_message(n), score=1.0, found_by=["vector"], after=[_message(n + 10)]
            )
            for n in range(3)
        ]
        return SearchResponse(
            hits=hits,
            relevant=self.relevant,
            confidence=1.0,
            message_count=99,
            pending=0,
            model="words",
            timings=SearchTimings(embed_ms=0, candidates_ms=0, total_ms=0),
            read_as=self.read_as,
        )

    @property
    def queries(self) -> list[str]:
        return [request.query for request in self.requests]


def _message(n: int) -> Message:
    return Message(
        id=MessageId(f"m{n}"),
        seq=n + 1,
        role="user",
        participant="ana",
        content=f"number {n}",
        created_at=datetime(2026, 3, 14, tzinfo=UTC),
    )


async def _a_moment() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_an_interim_text_that_only_gains_punctuation_is_searched_once() -> None:
    searches = Searches()
    recall = Recall(searches, limits=EAGER)
    recall.prefetch("um where is the key", asker=ANA, exclude=NO_IDS)
    await _a_moment()
    recalled = await recall.take("Where is the key?", asker=ANA, exclude=NO_IDS)
    assert recalled.source == "speculation"
    assert len(recalled.hits) == 3
    assert recalled.message_count == 99
    assert searches.queries == ["where is the key"]


async def test_every_wording_of_a_query_is_sent_as_the_same_words() -> None:
    searches = Searches()
    await Recall(searches).take("where is the key", asker=ANA, exclude=NO_IDS)
    await Recall(searches).take("Okay, where is, um, the key?", asker=ANA, exclude=NO_IDS)
    assert searches.queries == ["where is the key", "where is the key"]


async def test_a_text_that_grew_in_content_is_searched_again() -> None:
    searches = Searches()
    recall = Recall(searches, limits=EAGER)
    recall.prefetch("where is the key", asker=ANA, exclude=NO_IDS)
    await _a_moment()
    recalled = await recall.take("where is the key of the cellar", asker=ANA, exclude=NO_IDS)
    assert recalled.source == "fresh"
    assert searches.queries == ["where is the key", "where is the key of the cellar"]


async def test_while_a_text_grows_its_searches_begin_at_least_the_debounce_time_apart() -> None:
    searches = Searches()
    recall = Recall(searches, limits=RecallLimits(timeout_s=5.0, debounce_s=30.0))
    for text in ("where", "where is", "where is the", "where is the key"):
        recall.prefetch(text, asker=ANA, exclude=NO_IDS)
        await _a_moment()
    assert searches.queries == ["where"]
    recall.prefetch("where is the key", asker=ANA, exclude=NO_IDS, final=True)
    await _a_moment()
    assert searches.queries == ["where", "where is the key"]
    await recall.aclose()


async def test_only_the_newest_text_is_searched_when_the_search_before_it_has_ended() -> None:
    searches = Searches()
    searches.may_answer.clear()
    recall = Recall(searches, limits=EAGER)
    for text in ("where", "where is", "where is the", "where is the key"):
        recall.prefetch(text, asker=ANA, exclude=NO_IDS)
        await _a_moment()
    assert searches.queries == ["where"]
    recall.prefetch("a word of another speaker", asker=BEN, exclude=NO_IDS)
    await _a_moment()
    assert searches.queries == ["where", "a word of another speaker"]
    searches.may_answer.set()
    await _a_moment()
    assert searches.queries == ["where", "a word of another speaker", "where is the key"]
    recalled = await recall.take("where is the key", asker=ANA, exclude=NO_IDS)
    assert recalled.source == "speculation"
    assert searches.cancelled == []


async def test_an_outgrown_search_is_cancelled_unless_a_turn_waits_for_it() -> None:
    searches = Searches()
    searches.may_answer.clear()
    recall = Recall(searches, limits=EAGER)
    recall.prefetch("where is", asker=ANA, exclude=NO_IDS)
    await _a_moment()
    recall.prefetch("where is the key", asker=ANA, exclude=NO_IDS, final=True)
    await _a_moment()
    assert searches.cancelled == ["where is"]
    turn = asyncio.create_task(recall.take("where is the key", asker=ANA, exclude=NO_IDS))
    await _a_moment()
    recall.prefetch("and the lamp", asker=ANA, exclude=NO_IDS, final=True)
    await _a_moment()
    searches.may_answer.set()
    assert len((await turn).hits) == 3
    await recall.aclose()


async def test_a_cancelled_turn_leaves_its_search_to_the_next() -> None:
    searches = Searches()
    searches.may_answer.clear()
    recall = Recall(searches, limits=EAGER)
    preempted = asyncio.create_task(recall.take("where is the key", asker=ANA, exclude=NO_IDS))
    await _a_moment()
    preempted.cancel()
    await asyncio.gather(preempted, return_exceptions=True)
    searches.may_answer.set()
    recalled = await recall.take("Where is the key?", asker=ANA, exclude=NO_IDS)
    assert recalled.source == "speculation"
    assert len(searches.queries) == 1
    assert searches.cancelled == []


async def test_a_turn_waits_no_longer_than_its_deadline() -> None:
    searches = Searches()
    searches.may_answer.clear()
    recall = Recall(searches, limits=RecallLimits(timeout_s=0.001))
    recalled = await recall.take("where is the key", asker=ANA, exclude=NO_IDS)
    assert (recalled.source, recalled.degraded, recalled.hits) == ("none", "late", ())
    searches.may_answer.set()
    await _a_moment()
    again = await recall.take("where is the key", asker=ANA, exclude=NO_IDS)
    assert (again.source, len(again.hits)) == ("speculation", 3)


async def test_two_people_asking_the_same_are_searched_for_separately() -> None:
    searches = Searches()
    recall = Recall(searches, limits=EAGER)
    recall.prefetch("what did I promise", asker=ANA, exclude=NO_IDS)
    recall.prefetch("what did I promise", asker=BEN, exclude=NO_IDS)
    await _a_moment()
    assert [(r.asker, r.time_zone) for r in searches.requests] == [
        ("ana", "UTC"),
        ("ben", "Asia/Tokyo"),
    ]


async def test_what_entered_the_window_meanwhile_is_no_hit_and_no_neighbour() -> None:
    recall = Recall(Searches(), limits=EAGER)
    recall.prefetch("where is the key", asker=ANA, exclude={"a"})
    await _a_moment()
    recalled = await recall.take("where is the key", asker=ANA, exclude={"a", "m0", "m11"})
    assert recalled.source == "speculation"
    assert [hit.message.id for hit in recalled.hits] == ["m1", "m2"]
    assert [near.id for hit in recalled.hits for near in hit.after] == ["m12"]


async def test_what_left_the_window_meanwhile_is_searched_for() -> None:
    searches = Searches()
    recall = Recall(searches, limits=EAGER)
    recall.prefetch("where is the key", asker=ANA, exclude={"m0"})
    await _a_moment()
    recalled = await recall.take("where is the key", asker=ANA, exclude={"m7"})
    assert recalled.source == "fresh"
    assert searches.requests[1].exclude_ids == ["m7"]


async def test_hits_that_are_not_relevant_are_left_out() -> None:
    searches = Searches()
    searches.relevant = False
    recalled = await Recall(searches, limits=EAGER).take("the key", asker=ANA, exclude=NO_IDS)
    assert (recalled.hits, recalled.degraded, recalled.source) == ((), None, "fresh")


@pytest.mark.parametrize("error", [BackendUnavailable("gone"), ValueError("a bug")])
async def test_a_failing_search_is_degraded_and_after_three_the_backend_is_left_alone(
    error: Exception,
) -> None:
    searches = Searches()
    searches.error = error
    now = [0.0]
    breaker = CircuitBreaker(failures=3, recovery_s=5.0, clock=lambda: now[0])
    recall = Recall(searches, limits=EAGER, breaker=breaker)
    seen = [(await recall.take(f"key {n}", asker=ANA, exclude=NO_IDS)).degraded for n in range(5)]
    assert seen == ["failed", "failed", "failed", "resting", "resting"]
    assert len(searches.queries) == 3
    searches.error = None
    now[0] = 5.0
    assert (await recall.take("key 9", asker=ANA, exclude=NO_IDS)).source == "fresh"
    assert (await recall.take("key 10", asker=ANA, exclude=NO_IDS)).source == "fresh"


async def test_a_backend_that_always_answers_too_late_is_waited_for_three_times() -> None:
    searches = Searches()
    searches.may_answer.clear()
    now = [0.0]
    breaker = CircuitBreaker(failures=3, recovery_s=5.0, clock=lambda: now[0])
    recall = Recall(searches, limits=RecallLimits(timeout_s=0.2), breaker=breaker)

    async def key(n: int) -> Recalled:
        return await recall.take(f"key {n}", asker=ANA, exclude=NO_IDS)

    first = [(await key(n)).degraded for n in range(5)]
    assert first == ["late", "late", "late", "resting", "resting"]
    searches.may_answer.set()
    await _a_moment()
    # That the late ones have come after all does not close the breaker: a turn waited in vain.
    assert (await key(6)).degraded == "resting"
    searches.may_answer.clear()
    now[0] = 5.0
    probing = await key(7)
    assert (probing.degraded, probing.added_ms) == ("resting", 0.0)
    await asyncio.sleep(0.25)
    assert searches.queries[3:] == ["key 7"]
    searches.may_answer.set()
    await _a_moment()
    now[0] = 9.9
    assert (await key(8)).degraded == "resting"
    now[0] = 10.1
    assert (await key(9)).degraded == "resting"
    await _a_moment()
    assert (await key(10)).source == "fresh"
    assert (await key(11)).source == "fresh"


async def test_a_refused_query_does_not_cost_the_others_their_memory() -> None:
    searches = Searches()
    problem = Problem(title="Invalid", status=422, detail="no")
    searches.error = BackendRejected(422, problem)
    recall = Recall(searches, limits=EAGER)
    for n in range(9):
        assert (await recall.take(f"key {n}", asker=ANA, exclude=NO_IDS)).degraded == "failed"
    assert len(searches.queries) == 9


async def test_hostile_text_and_names_are_made_fit_for_the_wire() -> None:
    searches = Searches()
    asker = Asker("eve\n\x00" + "e" * 999)
    recalled = await Recall(searches, limits=EAGER).take(
        "key\x00\ud800 " + "x" * 100_000, asker=asker, exclude=NO_IDS
    )
    assert recalled.source == "fresh"
    assert len(searches.requests[0].asker or "") <= 256


async def test_only_a_few_searches_are_kept() -> None:
    searches = Searches()
    recall = Recall(searches, limits=EAGER)
    for n in range(100):
        await recall.take(f"key {n}", asker=ANA, exclude=NO_IDS)
    assert len(recall._searches) <= 8


async def test_closing_stops_what_still_runs() -> None:
    searches = Searches()
    searches.may_answer.clear()
    recall = Recall(searches, limits=EAGER)
    recall.prefetch("where is the key", asker=ANA, exclude=NO_IDS)
    await _a_moment()
    await recall.aclose()
    assert searches.cancelled == ["where is the key"]


def _said(text: str) -> list[WindowMessage]:
    return [WindowMessage(role="user", participant="ana", content=text)]


async def test_the_newest_messages_go_with_a_search() -> None:
    searches = Searches()
    recall = Recall(searches, limits=RecallLimits(window_messages=2))
    window = [*_said("one"), *_said("two"), *_said("three")]
    await recall.take("and the second one", asker=ANA, exclude=NO_IDS, window=window)
    assert searches.requests[0].window == window[1:]
    silent = Recall(searches, limits=RecallLimits(window_messages=0))
    await silent.take("and the second one", asker=ANA, exclude=NO_IDS, window=window)
    assert searches.requests[1].window == []


@pytest.mark.parametrize(
    ("read_as", "after", "source"),
    [
        ("where is the pump? and the second one", "pump", "speculation"),
        ("where is the pump? and the second one", "lamp", "fresh"),
        (None, "lamp", "speculation"),
    ],
)
async def test_a_follow_up_is_searched_again_once_something_else_was_said(
    read_as: str | None, after: str, source: str
) -> None:
    searches = Searches()
    searches.read_as = read_as
    recall = Recall(searches, limits=EAGER)
    recall.prefetch("and the second one", asker=ANA, exclude=NO_IDS, window=_said("pump"))
    await _a_moment()
    recalled = await recall.take(
        "And the second one?", asker=ANA, exclude=NO_IDS, window=_said(after)
    )
    assert recalled.source == source


async def test_a_search_that_has_not_told_yet_how_it_read_the_words_serves_its_window_only() -> (
    None
):
    searches = Searches()
    searches.may_answer.clear()
    recall = Recall(searches, limits=RecallLimits(timeout_s=0.0))
    recall.prefetch("and the second one", asker=ANA, exclude=NO_IDS, window=_said("pump"))
    await _a_moment()
    await recall.take("and the second one", asker=ANA, exclude=NO_IDS, window=_said("pump"))
    await recall.take("and the second one", asker=ANA, exclude=NO_IDS, window=_said("lamp"))
    assert [request.window for request in searches.requests] == [_said("pump"), _said("lamp")]
    await recall.aclose()
