"""Nothing in the agent grows with the conversation; the private names this relies on are there."""

import asyncio
import inspect
from pathlib import Path

from livekit.agents import AgentSession
from livekit.agents.llm import ChatContext, ChatMessage

from agent.conversation.session.limits import KEPT_EVENTS, KEPT_ITEMS
from retrieval.quotation.delimiter import is_block
from testbed.scripted_llm import ScriptedLLM, ToolCall
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import remember, running_agent


async def test_memory_stays_bounded_over_a_thousand_turns(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path) as running:
        for n in range(1_000):
            await running.ask(f"Statement number {n}, about topic {n % 7}.")
            llm.prompts[:-1] = []
            assert len(running.window) <= 12
        session = running.conversation_agent.session
        assert len(session.history.items) <= KEPT_ITEMS
        assert len(session._recorded_events) <= KEPT_EVENTS
        assert running.window[0][0] == "user"
        # The last answer is accepted a moment after it was given.
        async with asyncio.timeout(20):
            while len(backend.stored) < 2_000:  # noqa: ASYNC110  # the outbox has no event for it
                await asyncio.sleep(0.01)
        assert await running.outbox.drain(20)
    assert [m.seq for m in backend.stored] == list(range(1, 2_001))
    questions = [m.content for m in backend.stored[::2]]
    assert questions == [f"Statement number {n}, about topic {n % 7}." for n in range(1_000)]


async def test_a_prompt_holds_the_window_and_the_question(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(
        backend, llm, tmp_path, rolling_window_messages=6, recall_limit=1
    ) as running:
        for n in range(20):
            await running.ask(f"Word{n} said.")
        said = [role for role, _ in llm.last_prompt if role in {"user", "assistant"}]
    assert said == ["user", "assistant"] * 3 + ["user"]


async def test_a_tool_step_inside_a_trimmed_window_keeps_its_turn_and_its_memory(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    await remember(backend, "The spare key hangs behind the fridge.", *["noise"] * 40)

    def answer(chat_ctx: ChatContext) -> str | ToolCall:
        last = chat_ctx.items[-1]
        if isinstance(last, ChatMessage) and "deeper" in (last.text_content or ""):
            return ToolCall("search_conversation", {"query": "fridge"})
        return "fine"

    llm = ScriptedLLM(answer)
    async with running_agent(backend, llm, tmp_path, rolling_window_messages=4) as running:
        for n in range(10):
            await running.ask(f"Statement {n}.")
        trace = await running.ask("Look deeper for the spare key!")
        assert trace.outcome == "answered"
        after_tool = llm.last_prompt
        window = running.window
        await running.ask("Statement 11.")
    roles = [role for role, _ in after_tool]
    assert roles[-2:] == ["call", "tool"]
    assert "> The spare key hangs behind the fridge." in after_tool[-1][1]
    blocks = [n for n, (_, text) in enumerate(after_tool) if is_block(text) and n < len(roles) - 1]
    assert blocks == [len(after_tool) - 4]
    assert after_tool[-3] == ("user", "Look deeper for the spare key!")
    assert len(window) <= 4
    assert ("user", "Statement 11.") in llm.last_prompt


def test_the_private_names_of_livekit_are_still_there() -> None:
    source = inspect.getsource(AgentSession)
    assert "self._recorded_events: list[AgentEvent] = []" in source
    assert "self._recorded_events.append(arg)" in source
