"""Questions that wait for their turn: on disk, in order, and in no other prompt."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from livekit.agents.llm import ChatContext, ChatMessage

from agent.conversation.unanswered import Unanswered
from agent.messages.question import Question, QuestionNotStored, answered_question
from agent.messages.rolling_window import message_id
from agent.outbox.storage.entry import Write
from retrieval.wire import MessageId
from testbed.scripted_llm import ScriptedLLM, ToolCall
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import RunningAgent, remember, running_agent

FACT = "The spare key of the harbour office hangs behind the fridge."


def question(id_: str, text: str, *, speaker: str = "ana") -> Question:
    return Question(MessageId(id_), speaker, text, datetime.now(UTC))


async def test_a_waiting_question_is_stored_and_in_no_earlier_ones_prompt(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, FACT, *["noise"] * 20)
    first = question("q1", "Where is the key of the harbour office?")
    second = question("q2", "The harbour office key, please, for me too?", speaker="ben")
    async with running_agent(backend, llm, tmp_path, rolling_window_messages=4) as running:
        assert await running.conversation_agent.accept(first)
        assert await running.conversation_agent.accept(second)
        assert await running.outbox.drain(5)
        assert [m.id for m in backend.stored[21:]] == ["q1", "q2"]
        await running.conversation_agent.ask(first)
        shown = "\n".join(text for _, text in llm.last_prompt)
        assert FACT in shown
        assert "for me too" not in shown
        await running.conversation_agent.ask(second)
        assert "for me too" in llm.last_prompt[-1][1]
        window = [
            m for m in running.conversation_agent.window.chat_ctx.messages() if m.role != "system"
        ]
        assert await running.outbox.drain(5)
    stored = [(m.id, m.participant) for m in backend.stored[21:]]
    assert stored == [
        ("q1", "ana"),
        ("q2", "ben"),
        ("q1.answer1", "agent"),
        ("q2.answer1", "agent"),
    ]
    assert [message_id(m) for m in window] == ["q1", "q1.answer1", "q2", "q2.answer1"]


async def test_the_models_own_search_does_not_find_what_waits_either(tmp_path: Path) -> None:
    backend = FakeBackend()
    llm = ScriptedLLM([ToolCall("search_conversation", {"query": "harbour office"}), "It hangs."])
    await remember(backend, FACT, *["noise"] * 20)
    waiting = question("q2", "The harbour office key, please, for me too?", speaker="ben")
    async with running_agent(backend, llm, tmp_path, rolling_window_messages=4) as running:
        await running.conversation_agent.accept(waiting)
        assert await running.outbox.drain(5)
        await running.ask("Look it up.")
    result = next(text for role, text in llm.last_prompt if role == "tool")
    assert FACT in result
    assert "for me too" not in result


async def test_each_message_of_an_answer_names_its_question(tmp_path: Path) -> None:
    backend = FakeBackend()

    def answer(chat_ctx: ChatContext) -> str | ToolCall:
        asked = chat_ctx.items[-1]
        wants_search = isinstance(asked, ChatMessage) and "look" in (asked.text_content or "")
        return ToolCall("search_conversation", {"query": "x"}) if wants_search else "Here it is."

    async with running_agent(backend, ScriptedLLM(answer), tmp_path, greeting="Hello!") as running:
        await running.conversation_agent.ask(question("q1", "please look it up"))
        running.end_spoken_turn("and a spoken one")
        await _until_stored(running, backend, 5)
    greeting, *said = backend.stored
    assert answered_question(greeting.id) is None
    answers = [(answered_question(m.id), m.role) for m in said]
    assert answers == [
        (None, "user"),
        ("q1", "assistant"),
        (None, "user"),
        (said[2].id, "assistant"),
    ]


async def _until_stored(running: RunningAgent, backend: FakeBackend, count: int) -> None:
    while len(backend.stored) < count:
        speech = running.conversation_agent.session.current_speech
        if speech is not None:
            await speech
        await running.outbox.drain(5)


async def test_a_question_taken_over_is_counted_and_stored_once(tmp_path: Path) -> None:
    backend = FakeBackend()
    asked = question("q1", "Are you there?")
    async with running_agent(backend, ScriptedLLM(), tmp_path) as running:
        await running.conversation_agent.accept(asked)
    async with running_agent(backend, ScriptedLLM(), tmp_path) as running:
        running.conversation_agent.expect(
            Unanswered(running.conversation_agent.resumed, [asked], [], {})
        )
        trace = await running.conversation_agent.ask(asked)
        assert await running.outbox.drain(5)
        assert await running.outbox.dead_letters() == []
    assert trace.conversation_messages == 2
    assert [m.id for m in backend.stored] == ["q1", "q1.answer1"]


async def test_a_question_asked_during_the_greeting_comes_after_it(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    hello = "Hello, all."
    async with running_agent(
        backend, llm, tmp_path, greeting=hello, after_greeting=False
    ) as running:
        accept = running.outbox.accept

        async def accept_slowly(*writes: Write) -> None:
            """The question's way to disk takes as long as the greeting."""
            async with asyncio.timeout(10):
                while ("assistant", hello) not in running.window:  # noqa: ASYNC110
                    await asyncio.sleep(0)
            await accept(*writes)

        running.outbox.accept = accept_slowly  # type: ignore[method-assign]
        await running.ask("Where is the key?")
    assert llm.last_prompt[-1] == ("user", "Where is the key?")


async def test_on_a_full_disk_questions_are_refused_before_memory_is_used_up(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path) as running:
        agent = running.conversation_agent
        db = running.outbox._file._db
        db.execute("PRAGMA max_page_count = 1")
        n = 0
        while agent.write_buffer.takes_questions:
            agent.write_buffer.put(message(n, "x" * 60_000))
            n += 1
        with pytest.raises(QuestionNotStored, match="send it again"):
            await agent.accept(question("q1", "And what now?"))
        # What is being answered already still gets its answer stored.
        assert agent.write_buffer.put(message(n))
        db.execute("PRAGMA max_page_count = 1000000")
        assert await agent.write_buffer.flush(20)
        assert await agent.accept(question("q1", "And what now?"))
        assert await running.outbox.drain(20)
    assert [m.id for m in backend.stored] == [*(f"m{k}" for k in range(n + 1)), "q1"]
