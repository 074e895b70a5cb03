"""A question that failed after its first words is asked again, and its answer is not lost."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from livekit.agents.voice.io import TextOutput

from agent.conversation.session.reply import TurnResult
from agent.conversation.unanswered import find_unanswered
from agent.messages.question import Question
from retrieval.wire import MessageId
from tests.support.fake_backend import FakeBackend
from tests.support.model_server import Asked, Calls, ModelServer, agent_of, model_server
from tests.support.running_agent import RunningAgent


def question(id_: str = "q") -> Question:
    return Question(MessageId(id_), "ana", "How does it end?", datetime.now(UTC))


class Heard(TextOutput):
    """What the participants have been shown."""

    def __init__(self) -> None:
        super().__init__(label="test", next_in_chain=None)
        self.text = ""

    async def capture_text(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        """Nothing is buffered."""


async def fail_after_first_words(running: RunningAgent) -> None:
    """As a room's agent does when a turn takes too long."""
    agent = running.conversation_agent
    agent.session.output.transcription = heard = Heard()
    assert await agent.accept(question())
    turn = asyncio.create_task(agent.ask(question()))
    async with asyncio.timeout(20):
        while "it ends" not in heard.text:  # noqa: ASYNC110  # no event
            await asyncio.sleep(0.01)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    await agent.give_up(question())


async def ask_again(running: RunningAgent) -> TurnResult:
    assert await running.conversation_agent.accept(question())
    return await running.conversation_agent.ask(question())


def stalls_first(server: ModelServer) -> None:
    def answer(_: Asked) -> str:
        return "Well, it ends" if len(server.asked) == 1 else "Well, that way."

    server.answer, server.stalls_after = answer, lambda: len(server.asked) == 1


@pytest.mark.parametrize("others", [0, 40])
async def test_the_answer_to_what_failed_half_way_is_stored(tmp_path: Path, others: int) -> None:
    """Also when many questions were asked meanwhile."""
    backend = FakeBackend()
    async with model_server() as server, agent_of(server, backend, tmp_path) as running:
        stalls_first(server)
        await fail_after_first_words(running)
        for _ in range(others):
            await running.ask("Something else?")
        trace = await ask_again(running)
        assert await running.outbox.drain(5)
        assert await running.outbox.dead_letters() == []
    assert trace.outcome == "answered"
    parts = [(m.id, m.interrupted) for m in backend.stored if m.id.startswith("q.")]
    assert parts == [("q.answer1", True), ("q.answer2", False)]


async def test_the_next_agent_answers_it_under_an_id_of_its_own(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with model_server() as server:
        stalls_first(server)
        async with agent_of(server, backend, tmp_path) as running:
            await fail_after_first_words(running)
        async with agent_of(server, backend, tmp_path) as running:
            agent = running.conversation_agent
            unanswered = await find_unanswered(backend.client(), agent.resumed, window=12)
            assert [(q.id, end) for q, end in unanswered.ended] == [("q", "failed")]
            agent.expect(unanswered)
            trace = await ask_again(running)
            assert await running.outbox.drain(5)
            assert await running.outbox.dead_letters() == []
            later = await find_unanswered(backend.client(), agent.resumed, window=12)
    assert trace.outcome == "answered"
    assert [m.id for m in backend.stored] == ["q", "q.answer1", "q.answer2"]
    assert later.waiting == []


async def test_what_is_said_before_a_search_is_marked_and_what_comes_after_is_the_answer(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    async with model_server() as server, agent_of(server, backend, tmp_path) as running:
        server.answer = lambda asked: (
            "It ends well." if asked.roles[-1] == "tool" else Calls(("end",), text="Let me see.")
        )
        assert await running.conversation_agent.accept(question())
        await running.conversation_agent.ask(question())
        assert await running.outbox.drain(5)
    assert [(m.id, m.content.strip(), bool(m.metadata)) for m in backend.stored[1:]] == [
        ("q.answer1", "Let me see.", True),
        ("q.answer2", "It ends well.", False),
    ]
