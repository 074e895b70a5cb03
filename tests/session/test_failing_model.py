"""A language model that fails is asked again within limits; then something is said, and why."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.messages.question import Question
from retrieval.wire import MessageId
from tests.support.fake_backend import FakeBackend
from tests.support.model_server import (
    Answer,
    Asked,
    Broken,
    Calls,
    Comments,
    Plain,
    Silence,
    Status,
    agent_of,
    model_server,
)
from tests.support.running_agent import remember

SORRY = "Sorry, not now."
FACT = "The spare key of the harbour office hangs behind the fridge."


def in_order(*answers: Answer) -> Callable[[Asked], Answer]:
    """One after the other, then the last."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def _reasons(backend: FakeBackend) -> list[tuple[object, object]]:
    turns = [event.data for event in backend.recorded if event.kind == "metric"]
    return [(turn["outcome"], turn.get("reason")) for turn in turns]


PASSING: dict[str, tuple[Answer, str]] = {
    "429": (Status(429, "slow down"), "rate_limited"),
    "500": (Status(500, "oops"), "model_error"),
    "503": (Status(503, "overloaded", {"Retry-After": "0.02"}), "model_error"),
    "an error in a stream": (Status(200, "CUDA out of memory"), "model_error"),
    "silence": (Silence(), "model_timeout"),
    "comments": (Comments(), "model_timeout"),
    "a lost connection": (Broken(""), "model_unreachable"),
    "an empty answer": ("", "empty_answer"),
    "an empty plain answer": (Plain(), "empty_answer"),
    "only thoughts": ("<think>hm</think>", "empty_answer"),
}


@pytest.mark.parametrize("kind", PASSING)
async def test_what_passes_is_asked_again_and_answered_once(tmp_path: Path, kind: str) -> None:
    backend = FakeBackend()
    failure, _ = PASSING[kind]
    async with (
        model_server(answer=in_order(failure, failure, "Here it is.")) as server,
        agent_of(server, backend, tmp_path, llm_timeout_s=0.2, apology=SORRY) as running,
    ):
        trace = await running.ask("Where is it?")
        assert await running.outbox.drain(5)
    assert (trace.outcome, trace.answer, trace.reason) == ("answered", "Here it is. ", None)
    assert [m.content for m in backend.stored] == ["Where is it?", "Here it is. "]
    assert _reasons(backend) == [("answered", None)]


@pytest.mark.parametrize("kind", PASSING)
async def test_what_stays_ends_with_an_apology_and_its_reason(tmp_path: Path, kind: str) -> None:
    backend = FakeBackend()
    failure, reason = PASSING[kind]
    async with (
        model_server(answer=lambda _: failure) as server,
        agent_of(
            server, backend, tmp_path, llm_timeout_s=0.2, apology=SORRY, llm_retries=1
        ) as running,
    ):
        trace = await running.ask("Where is it?")
        assert await running.outbox.drain(5)
        assert running.window[-1] == ("assistant", SORRY)
    outcome = "empty" if reason == "empty_answer" else "failed"
    assert (trace.outcome, trace.answer, trace.reason) == (outcome, "", reason)
    assert [m.content for m in backend.stored] == ["Where is it?", SORRY]
    assert backend.stored[1].id == f"{backend.stored[0].id}.apology"
    assert _reasons(backend) == [(outcome, reason)]
    assert len(server.asked) == 2


async def test_what_would_be_refused_again_is_not_asked_again(tmp_path: Path) -> None:
    async with (
        model_server(answer=lambda _: Status(401, "wrong key")) as server,
        agent_of(server, FakeBackend(), tmp_path) as running,
    ):
        trace = await running.ask("Where is it?")
    assert (trace.outcome, trace.reason) == ("failed", "model_refused")
    assert len(server.asked) == 1


async def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with model_server() as server:
        pass
    async with agent_of(server, FakeBackend(), tmp_path, llm_retries=1) as running:
        trace = await running.ask("Where is it?")
    assert (trace.outcome, trace.reason) == ("failed", "model_unreachable")


async def test_a_server_behind_a_proxy_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model_server(answer=lambda _: Plain("Here.")) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
        server.url = "http://model.invalid/v1"
        async with agent_of(server, FakeBackend(), tmp_path, llm_retries=0) as running:
            trace = await running.ask("Where is it?")
    assert (trace.outcome, trace.answer) == ("answered", "Here.")


async def test_the_wait_that_a_server_asks_for_is_kept(tmp_path: Path) -> None:
    times: list[float] = []

    def answer(_: Asked) -> Answer:
        times.append(time.monotonic())
        return Status(429, "slow down", {"Retry-After": "1"}) if len(times) == 1 else "Here."

    async with (
        model_server(answer=answer) as server,
        agent_of(server, FakeBackend(), tmp_path) as running,
    ):
        trace = await running.ask("Where is it?")
    assert trace.outcome == "answered"
    assert times[1] - times[0] >= 1


async def test_a_wait_beyond_the_limit_is_an_apology_at_once(tmp_path: Path) -> None:
    busy = Status(429, "tomorrow", {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"})
    async with (
        model_server(answer=lambda _: busy) as server,
        agent_of(server, FakeBackend(), tmp_path, apology=SORRY) as running,
    ):
        trace = await running.ask("Where is it?")
        assert running.window[-1] == ("assistant", SORRY)
    assert trace.reason == "rate_limited"
    assert len(server.asked) == 1


async def test_recalled_messages_can_take_the_place_of_an_apology(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, FACT, *["noise"] * 20, participant="ben")
    async with (
        model_server(answer=lambda _: Status(500)) as server,
        agent_of(
            server, backend, tmp_path, without_answer="extracts", llm_retries=0, apology=SORRY
        ) as running,
    ):
        quoted = await running.ask("Where is the key of the harbour office?")
        unknown = await running.ask("What colour has the zeppelin?")
        assert running.window[-1] == ("assistant", SORRY)
    assert f"ben said: “{FACT}”" in quoted.answer
    assert (quoted.outcome, quoted.reason) == ("answered", "model_error")
    assert (unknown.outcome, unknown.answer) == ("failed", "")


@pytest.mark.parametrize("cleanly", [False, True])
async def test_a_stream_that_breaks_is_stored_and_shown_as_interrupted(
    tmp_path: Path, cleanly: bool
) -> None:
    backend = FakeBackend()
    broken = Broken("It hangs behind", cleanly=cleanly)
    async with (
        model_server(answer=in_order(broken, "At your service.")) as server,
        agent_of(server, backend, tmp_path, apology=SORRY) as running,
    ):
        trace = await running.ask("Where is it?")
        await running.ask("Behind what?")
        assert await running.outbox.drain(5)
    assert (trace.outcome, trace.reason) == ("interrupted", "broken_stream")
    assert [(m.content, m.interrupted) for m in backend.stored] == [
        ("Where is it?", False),
        ("It hangs behind ", True),
        ("Behind what?", False),
        ("At your service. ", False),
    ]
    assert _reasons(backend) == [("interrupted", "broken_stream"), ("answered", None)]
    assert len(server.asked) == 2
    assert "It hangs behind  [this answer was cut off]" in server.asked[1].text


async def test_an_answer_that_broke_is_shown_so_when_it_is_restored(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with model_server(answer=in_order(Broken("It hangs behind"), "Yes?")) as server:
        async with agent_of(server, backend, tmp_path) as running:
            await running.ask("Where is it?")
        async with agent_of(server, backend, tmp_path) as running:
            await running.ask("Behind what?")
    assert "It hangs behind  [this answer was cut off]" in server.asked[1].text


@pytest.mark.parametrize("answer", [Plain("Here it is."), Plain("", Calls(("key",)))])
async def test_an_answer_without_a_stream_is_an_answer(tmp_path: Path, answer: Plain) -> None:
    backend = FakeBackend()
    async with (
        model_server(answer=in_order(answer, Plain("Here it is."))) as server,
        agent_of(server, backend, tmp_path) as running,
    ):
        trace = await running.ask("Where is it?")
        usage = running.conversation_agent.session.usage.model_usage
    assert (trace.outcome, trace.answer) == ("answered", "Here it is.")
    assert usage


async def test_a_model_that_only_calls_tools_is_asked_without_them(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, FACT, *["noise"] * 20)
    async with (
        model_server(
            answer=lambda asked: Calls(("harbour office",)) if asked.tools else "Behind the fridge."
        ) as server,
        agent_of(server, backend, tmp_path) as running,
    ):
        trace = await running.ask("Can you find it?")
    assert (trace.outcome, trace.answer) == ("answered", "Behind the fridge. ")
    assert FACT in server.asked[-1].text
    assert server.asked[-1].last.endswith("Can you find it?")


async def test_a_model_that_calls_whatever_it_is_asked_is_told(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with (
        model_server(answer=lambda _: Calls(("harbour office",))) as server,
        agent_of(server, backend, tmp_path, apology=SORRY, llm_retries=2) as running,
    ):
        trace = await running.ask("Can you find it?")
        assert running.window[-1] == ("assistant", SORRY)
    assert (trace.outcome, trace.reason) == ("empty", "only_tool_calls")


async def test_a_turn_that_takes_too_long_ends_with_an_apology_too(tmp_path: Path) -> None:
    backend = FakeBackend()
    asked = Question(MessageId("q1"), "ana", "Where is it?", datetime.now(UTC))
    async with (
        model_server(answer=in_order(Silence(), "Here it is.")) as server,
        agent_of(server, backend, tmp_path, apology=SORRY) as running,
    ):
        agent = running.conversation_agent
        turn = asyncio.create_task(agent.ask(asked))
        await server.arrived.wait()
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        assert await agent.give_up(asked) == SORRY
        assert running.window == [("user", "Where is it?"), ("assistant", SORRY)]
        again = await agent.ask(asked)
        assert await running.outbox.drain(5)
    assert again.answer == "Here it is. "
    assert [m.id for m in backend.stored] == ["q1", "q1.apology", "q1.answer1"]
    assert _reasons(backend) == [("failed", "turn_timeout"), ("answered", None)]


async def test_a_failing_model_does_not_end_the_session(tmp_path: Path) -> None:
    fails: Sequence[Answer] = [Status(500)] * 30
    async with (
        model_server(answer=in_order(*fails, "Back again.")) as server,
        agent_of(server, FakeBackend(), tmp_path, llm_retries=2) as running,
    ):
        outcomes = [(await running.ask("Anyone?")).outcome for _ in range(11)]
    assert outcomes == ["failed"] * 10 + ["answered"]


async def test_a_turn_is_postponed_for_others_and_goes_on_with_its_limits(tmp_path: Path) -> None:
    backend = FakeBackend()

    def answer(asked: Asked) -> Answer:
        return Status(429) if "hard" in asked.last else "Easy."

    hard = Question(MessageId("hard"), "ana", "A hard one?", datetime.now(UTC))
    easy = Question(MessageId("easy"), "ben", "An easy one?", datetime.now(UTC))
    others_wait = asyncio.Event()
    async with (
        model_server(answer=answer) as server,
        agent_of(server, backend, tmp_path, apology=SORRY, llm_retry_s=0.3) as running,
    ):
        agent = running.conversation_agent
        await agent.accept(hard)
        await agent.accept(easy)
        turn = asyncio.create_task(agent.ask(hard, others_wait=others_wait))
        await server.arrived.wait()
        others_wait.set()
        postponed = await turn
        assert postponed.postponed_s is not None
        assert running.window == []
        others_wait.clear()
        assert (await agent.ask(easy, others_wait=others_wait)).outcome == "answered"
        assert "hard" not in server.asked[-1].text
        ended = await agent.ask(hard, others_wait=others_wait)
        assert await running.outbox.drain(5)
    assert (ended.outcome, ended.reason) == ("failed", "rate_limited")
    assert sum("hard" in asked.last for asked in server.asked) == 5
    assert [m.content for m in backend.stored] == ["A hard one?", "An easy one?", "Easy. ", SORRY]
    assert _reasons(backend) == [("answered", None), ("failed", "rate_limited")]


async def test_a_silent_model_is_asked_again_after_the_others_and_has_longer_then(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    others_wait = asyncio.Event()
    others_wait.set()
    question = Question(MessageId("q"), "ana", "A hard one?", datetime.now(UTC))
    async with (
        model_server(answer=in_order(Silence(), Silence(), "Here it is.")) as server,
        agent_of(
            server, backend, tmp_path, llm_timeout_s=20, llm_patience_s=0.1, llm_retries=0
        ) as running,
    ):
        agent = running.conversation_agent
        assert await agent.accept(question)
        traces = [await agent.ask(question, others_wait=others_wait) for _ in range(3)]
        assert await running.outbox.drain(5)
    assert [trace.postponed_s for trace in traces] == [0, 0, None]
    assert (traces[-1].outcome, traces[-1].answer) == ("answered", "Here it is. ")
    assert [m.content for m in backend.stored] == ["A hard one?", "Here it is. "]
    assert [len(asked.roles) for asked in server.asked] == [2, 2, 2]
