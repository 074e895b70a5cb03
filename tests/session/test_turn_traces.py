"""Each turn leaves a trace of what it recalled and why, and none of its texts."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import httpx
import pytest
from livekit.agents import APITimeoutError

from agent.conversation.memory_options import MemoryOptions
from agent.conversation.session.reply import Asked
from agent.messages.question import Question
from retrieval.quotation.block import Frame, Quote, drawn
from retrieval.quotation.delimiter import Delimiter
from retrieval.wire import (
    Message,
    MessageId,
    RetrievalHit,
    SearchResponse,
    SearchTimings,
    ShownMessage,
    TextSpan,
    TurnTrace,
)
from testbed.scripted_llm import ScriptedLLM
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import RunningAgent, remember, running_agent

KEY = "The spare key hangs behind the fridge."
ASKED = "Where is the spare key?"


async def _delivered(running: RunningAgent) -> None:
    await asyncio.sleep(0)  # traces are written once the event loop has time
    await running.conversation_agent.write_buffer.flush(5)
    assert await running.outbox.drain(5)


def _only(backend: FakeBackend) -> TurnTrace:
    (trace,) = backend.traces.values()
    return trace


def _block(prompt: Sequence[tuple[str, str]]) -> str:
    (text,) = (text for _, text in prompt if text.startswith("<recalled_messages "))
    return text


def _drawn_again(trace: TurnTrace, stored: Sequence[Message]) -> str:
    texts = {message.id: message for message in stored}

    def quote(shown: ShownMessage) -> Quote:
        message = texts[shown.message_id]
        text = message.content[shown.start : shown.end]
        return Quote(message.model_copy(update={"content": text}), shown.times, shown.after_gap)

    assert trace.block is not None
    frame = Frame(trace.block.now, trace.block.time_zone, delimiter=Delimiter(trace.block.nonce))
    return drawn([quote(shown) for shown in trace.shown], frame)


async def test_a_turn_is_told_with_all_that_it_takes_to_draw_its_block_again(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM(["It hangs there."])
    await remember(backend, KEY, "In the kitchen.", *["noise"] * 20, participant="ben")
    async with running_agent(backend, llm, tmp_path) as running:
        result = await running.ask(ASKED)
        await _delivered(running)
    trace = _only(backend)
    asked = next(m for m in backend.stored if m.content == ASKED)
    assert (trace.question_id, trace.participant, trace.room) == (asked.id, "ana", "den")
    assert (trace.outcome, trace.source, trace.degraded) == ("answered", "fresh", None)
    assert trace.asked_at == asked.created_at
    assert trace.ended_at >= trace.asked_at
    assert trace.relevant
    assert trace.confidence == 1.0
    assert [hit.message_id for hit in trace.hits] == [
        hit.message.id for hit in result.recalled.hits
    ]
    assert trace.token_budget == 1000
    assert _drawn_again(trace, backend.stored) == _block(llm.last_prompt)
    assert backend.searches[0].explain


async def test_its_times_are_in_order(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, KEY, *["noise"] * 20)
    backend.search_delay_s = 0.02
    async with running_agent(backend, llm, tmp_path, recall_timeout_s=5.0) as running:
        await running.ask(ASKED)
        await _delivered(running)
    trace = _only(backend)
    assert trace.search_ms is not None
    assert trace.added_ms is not None
    assert trace.first_word_ms is not None
    assert trace.reply_ms is not None
    assert 20 <= trace.search_ms <= trace.added_ms <= trace.first_word_ms <= trace.reply_ms


async def test_no_text_of_a_message_is_in_a_trace_or_a_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    backend, llm = FakeBackend(), ScriptedLLM(["Behind the blue curtain."])
    await remember(backend, KEY, *["noise"] * 20, participant="ben")
    async with running_agent(backend, llm, tmp_path) as running:
        await running.ask(ASKED)
        await _delivered(running)
    told = _only(backend).model_dump_json()
    words = set(chain.from_iterable(m.content.split() for m in backend.stored)) - {"is"}
    assert not [word for word in words if word in told]
    ours = [record for record in caplog.records if record.name.startswith("agent.")]
    assert not [r for r in ours if "fridge" in str(r.__dict__) or "curtain" in str(r.__dict__)]


async def test_what_the_budget_cut_is_told(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, *[f"{KEY} {'very ' * 60}" for _ in range(12)], *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, recall_token_budget=400) as running:
        await running.ask(ASKED)
        await _delivered(running)
    trace = _only(backend)
    shown = {shown.message_id for shown in trace.shown}
    found = {id_ for hit in trace.hits for id_ in (hit.message_id, *hit.before, *hit.after)}
    assert shown
    assert trace.cut
    assert shown | set(trace.cut) == found
    assert not shown & set(trace.cut)


async def test_a_late_turn_is_told_with_what_was_found_too_late(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, KEY, *["noise"] * 20)
    backend.search_delay_s = 0.1

    async with running_agent(
        backend, ScriptedLLM(delay_s=0.3), tmp_path, recall_timeout_s=0.01
    ) as running:
        await running.ask(ASKED)
        await _delivered(running)
    trace = _only(backend)
    assert (trace.degraded, trace.outcome) == ("late", "answered")
    assert trace.hits
    assert (trace.shown, trace.block) == ([], None)
    assert trace.search_ms is not None
    assert trace.search_ms >= 100


async def test_small_talk_is_told_as_a_turn_without_a_search(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path) as running:
        await running.ask("Thank you!")
        await _delivered(running)
    trace = _only(backend)
    assert (trace.source, trace.degraded, trace.hits, trace.search_ms) == ("none", None, [], None)
    assert (trace.outcome, backend.searches) == ("answered", [])


async def test_hits_that_seem_not_to_answer_are_told_and_were_not_shown(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, KEY, *["noise"] * 20)
    backend.refuse = _answering(backend, relevant=False)
    async with running_agent(backend, llm, tmp_path) as running:
        await running.ask(ASKED)
        await _delivered(running)
    trace = _only(backend)
    assert trace.relevant is False
    assert [hit.parts for hit in trace.hits] == [{"cosine": 0.25}]
    assert trace.block is None


async def test_a_follow_up_is_told_by_parts_of_messages(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM(["Behind the fridge."])
    await remember(backend, KEY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path) as running:
        await running.ask(ASKED)
        backend.refuse = _answering(backend, read_as=f"{ASKED} and the second one Zebedee")
        await running.ask("Okay, and the second one?")
        await _delivered(running)
    trace = list(backend.traces.values())[-1]
    texts = {message.id: message.content for message in backend.stored}
    assert trace.read_as is not None
    assert [
        texts[part.message_id][part.start : part.end] if isinstance(part, TextSpan) else part
        for part in trace.read_as
    ] == [ASKED, "and the second one", "…"]


def _answering(
    backend: FakeBackend, *, relevant: bool = True, read_as: str | None = None
) -> Callable[[str, str, bytes], httpx.Response | None]:
    def answer(method: str, target: str, body: bytes) -> httpx.Response | None:
        if not target.endswith("/search"):
            return None
        hit = RetrievalHit(
            message=backend.stored[0], score=0.25, found_by=["vector"], parts={"cosine": 0.25}
        )
        found = SearchResponse(
            hits=[hit],
            relevant=relevant,
            confidence=0.1,
            message_count=1,
            pending=0,
            model="m",
            timings=SearchTimings(embed_ms=1, candidates_ms=2, total_ms=4),
            read_as=read_as,
        )
        return httpx.Response(200, content=found.model_dump_json())

    return answer


async def test_a_turn_that_fails_is_told_with_why_and_with_what_it_recalled(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM([APITimeoutError()])
    await remember(backend, KEY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, llm_retries=0) as running:
        await running.ask(ASKED)
        await _delivered(running)
    trace = _only(backend)
    assert (trace.outcome, trace.reason) == ("failed", "model_timeout")
    assert trace.first_word_ms is None
    assert trace.shown


async def test_while_the_backend_fails_turns_are_told_later(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, KEY)
    async with running_agent(backend, llm, tmp_path) as running:
        backend.down = True
        await running.ask(ASKED)
        backend.down = False
        await _delivered(running)
    trace = _only(backend)
    assert (trace.degraded, trace.outcome, trace.hits) == ("failed", "answered", [])


def _question(text: str = ASKED) -> Question:
    return Question(MessageId("q"), "ana", text, datetime.now(UTC))


async def _cut_off(running: RunningAgent, llm: ScriptedLLM) -> None:
    turn = asyncio.create_task(running.conversation_agent.ask(_question()))
    async with asyncio.timeout(10):
        while not llm.prompts:  # noqa: ASYNC110  # no event
            await asyncio.sleep(0.01)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn


async def test_a_turn_that_is_cut_off_is_told_as_interrupted(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM(delay_s=30)
    await remember(backend, KEY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path) as running:
        await _cut_off(running, llm)
        await _delivered(running)
    trace = _only(backend)
    assert (trace.question_id, trace.outcome, trace.reason) == ("q", "interrupted", None)
    assert trace.shown


async def test_the_trace_of_a_question_asked_again_replaces_the_one_before(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM(delay_s=30)
    await remember(backend, KEY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path) as running:
        await _cut_off(running, llm)
        await running.conversation_agent.give_up(_question())
        await _delivered(running)
        given_up = _only(backend)
        llm.delay_s = 0
        await running.conversation_agent.ask(_question())
        await _delivered(running)
    assert (given_up.outcome, given_up.reason) == ("failed", "turn_timeout")
    assert (_only(backend).outcome, _only(backend).reason) == ("answered", None)


async def test_a_withdrawn_question_is_told(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with running_agent(backend, ScriptedLLM(), tmp_path) as running:
        assert await running.conversation_agent.accept(_question())
        await running.conversation_agent.withdraw(_question())
        await _delivered(running)
    assert (_only(backend).outcome, _only(backend).hits) == ("interrupted", [])


@pytest.mark.parametrize("by", ["setting", "option"])
async def test_traces_can_be_switched_off(tmp_path: Path, by: str) -> None:
    backend = FakeBackend()
    await remember(backend, KEY, *["noise"] * 20)
    async with running_agent(
        backend,
        ScriptedLLM(),
        tmp_path,
        turn_traces=by != "setting",
        options=MemoryOptions(turn_traces=by != "option"),
    ) as running:
        result = await running.ask(ASKED)
        await _delivered(running)
    assert result.recalled.hits
    assert backend.traces == {}
    assert not any(search.explain for search in backend.searches)


async def test_a_backend_without_traces_is_told_of_once_and_keeps_nothing_from_being_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.keeps_turns = False
    async with running_agent(backend, ScriptedLLM(), tmp_path) as running:
        for _ in range(3):
            await running.ask(ASKED)
            await _delivered(running)
        assert await running.outbox.dead_letters() == []
    assert len(backend.stored) == 6
    told = [r for r in caplog.records if "does not take traces" in r.getMessage()]
    assert len(told) == 1


async def _forgotten(running: RunningAgent) -> None:
    """In memory and on disk."""
    forgetting = running.conversation_agent.forgetting
    forgetting.changes.suspect(1)
    async with asyncio.timeout(10):
        while await running.outbox.erased_to() < 1:  # noqa: ASYNC110  # of another thread
            await asyncio.sleep(0.005)


async def test_the_trace_of_an_erased_question_is_not_written(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, KEY, *["noise"] * 20)
    conversation_id = backend.room()
    async with running_agent(backend, llm, tmp_path) as running:
        agent = running.conversation_agent
        result = await agent.ask(_question())
        await _delivered(running)
        backend.turns.clear()
        backend.erase_message(conversation_id, "q")
        await _forgotten(running)
        agent.records.trace(
            Asked(MessageId("q"), "ana", datetime.now(UTC), 0.0),
            agent.turns.of("q"),
            result.outcome,
        )
        await _delivered(running)
    assert backend.traces == {}


async def test_what_of_an_erased_message_waits_on_disk_goes(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, KEY, *["noise"] * 20)
    erased = backend.stored[0].id
    conversation_id = backend.room()
    async with running_agent(backend, llm, tmp_path) as running:
        backend.refuse = lambda method, target, _: (
            httpx.Response(503) if target.endswith("/turns") else None
        )
        await running.ask(ASKED)
        await asyncio.sleep(0)
        await running.conversation_agent.write_buffer.flush(5)
        assert await running.outbox.count() >= 1
        backend.erase_message(conversation_id, erased)
        await _forgotten(running)
        async with asyncio.timeout(10):
            while await running.outbox.count():  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.01)
        backend.refuse = lambda *_: None
        await running.ask("Thank you!")
        await _delivered(running)
    assert erased not in "".join(trace.model_dump_json() for trace in backend.traces.values())
    assert len(backend.traces) == 1
