"""A turn may lose its memory, never its reply; a message is never lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from livekit.agents.llm import ChatContext

from agent.messages.question import Question
from retrieval.wire import MessageCreate, MessageId
from testbed.scripted_llm import ScriptedLLM
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import fill, small_disk
from tests.support.running_agent import RunningAgent, remember, running_agent

KEY = "The spare key hangs behind the fridge."


async def test_a_turn_is_answered_without_memory_when_the_backend_is_down(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM(["It is somewhere."])
    await remember(backend, KEY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path) as running:
        backend.down = True
        lost = await running.ask("Where is the spare key?")
        backend.down = False
        found = await running.ask("Where was the spare key?")
        assert await running.outbox.drain(5)
    assert (lost.outcome, lost.recalled.degraded) == ("answered", "failed")
    assert lost.recalled.hits == ()
    assert found.recalled.hits[0].message.content == KEY
    said = [message.content for message in backend.stored[21:]]
    assert said == [
        "Where is the spare key?",
        "It is somewhere. ",
        "Where was the spare key?",
        "It is somewhere. ",
    ]


async def test_a_search_slower_than_the_deadline_does_not_delay_the_reply(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, KEY, *["noise"] * 20)
    backend.search_delay_s = 30.0
    async with running_agent(backend, llm, tmp_path, recall_timeout_s=0.01) as running:
        trace = await running.ask("Where is the spare key?")
    assert (trace.outcome, trace.recalled.degraded) == ("answered", "late")


async def test_a_backend_that_is_always_late_is_no_longer_waited_for(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, KEY, *["noise"] * 20)
    backend.search_delay_s = 30.0
    async with running_agent(
        backend, llm, tmp_path, recall_timeout_s=0.02, search_timeout_s=60.0
    ) as running:
        traces = [await running.ask(f"Where is spare key number {n}?") for n in range(6)]
    assert [t.recalled.degraded for t in traces] == ["late"] * 3 + ["resting"] * 3
    assert [t.recalled.added_ms > 0 for t in traces] == [True] * 3 + [False] * 3
    assert {t.outcome for t in traces} == {"answered"}


async def test_a_failed_model_is_told_and_the_question_is_kept(tmp_path: Path) -> None:
    backend = FakeBackend()
    llm = ScriptedLLM([ValueError("no such model"), "better"])
    async with running_agent(backend, llm, tmp_path) as running:
        failed = await running.ask("Where is the spare key?")
        answered = await running.ask("Hello?")
        await running.outbox.drain(5)
    assert (failed.outcome, failed.answer) == ("failed", "")
    assert answered.outcome == "answered"
    assert backend.stored[0].content == "Where is the spare key?"
    errors = [event for event in backend.recorded if event.kind == "error"]
    assert errors[0].data["error"] == "ValueError"
    assert "scripted_llm.py" in str(errors[0].data["stack"])


async def test_a_question_is_on_disk_before_the_model_is_asked(tmp_path: Path) -> None:
    backend = FakeBackend()
    agents: list[RunningAgent] = []
    on_disk: list[str] = []

    def answer(_: ChatContext) -> str:
        outbox = agents[0].outbox
        # On the outbox's own thread: another would get between its transactions.
        waiting = outbox._disk.submit(outbox._file.waiting, "message").result()
        on_disk.extend(MessageCreate.model_validate_json(entry.body).content for entry in waiting)
        return "fine"

    async with running_agent(backend, ScriptedLLM(answer), tmp_path) as running:
        agents.append(running)
        backend.down = True
        await running.ask("Where is the spare key?")
        backend.down = False
    assert on_disk == ["Where is the spare key?"]


async def test_impossible_text_is_made_storable(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path) as running:
        await running.ask("nul\x00 and \ud800 surrogate")
        await running.ask("   ")
        await running.ask("x" * 1_000_000)
        assert await running.outbox.drain(5)
        assert await running.outbox.dead_letters() == []
    users = [message.content for message in backend.stored if message.role == "user"]
    assert users[0] == "nul and ? surrogate"
    assert users[1] == "[empty message]"
    assert users[2].endswith("[cut: the message was longer than can be stored]")


async def test_a_session_that_closes_on_a_full_disk_delivers_what_was_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    backend.room("den")
    with small_disk(tmp_path / "disk", kilobytes=1_000) as disk:
        async with running_agent(backend, llm, disk) as running:
            backend.down = True
            await running.ask("Where is the spare key?")
            running.outbox._file._mark_file.release_reserve()
            fill(disk)
            backend.down = False
    assert [m.content for m in backend.stored] == ["Where is the spare key?", "fine "]
    assert "session summary not stored" in caplog.text


async def test_a_question_that_failed_is_asked_again_under_its_id_and_stands_there_once(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    asked = Question(MessageId("q1"), "ana", "Which wing is closed?", datetime.now(UTC))
    llm = ScriptedLLM([ValueError("no such model"), "The east wing."])
    async with running_agent(backend, llm, tmp_path) as running:
        failed = await running.conversation_agent.ask(asked)
        again = await running.conversation_agent.ask(asked)
        assert await running.outbox.drain(5)

    assert (failed.outcome, again.outcome) == ("failed", "answered")
    assert [m.id for m in backend.stored] == ["q1", "q1.answer1"]
    assert sum("Which wing" in text for _, text in llm.last_prompt) == 1
    ends = [e.data["outcome"] for e in backend.recorded if e.kind == "metric"]
    assert ends == ["failed", "answered"]
