"""What the agent relies on in livekit-agents 1.8 and cannot read in its documentation."""

from pathlib import Path

import pytest
from livekit.agents import Agent, AgentSession
from livekit.agents.llm import ChatContext, ChatMessage

from agent.support.support_agent import SupportAgent
from testbed.scripted_llm import ScriptedLLM
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import running_agent


async def test_the_turn_hook_is_not_called_for_typed_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise every typed message would be recorded twice."""
    called: list[ChatMessage] = []

    async def hook(self: Agent, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        called.append(new_message)

    monkeypatch.setattr(SupportAgent, "on_user_turn_completed", hook)
    async with running_agent(FakeBackend(), ScriptedLLM(), tmp_path) as running:
        await running.ask("Hello there, agent!")
    assert called == []


async def test_replacing_the_context_awaits_nothing_first() -> None:
    """Otherwise an item added while the window is being trimmed would be lost."""
    agent = Agent(instructions="be nice")
    async with AgentSession(
        llm=ScriptedLLM(), vad=None, turn_handling={"turn_detection": "manual"}
    ) as s:
        await s.start(agent)
        replacing = agent.update_chat_ctx(ChatContext([ChatMessage(role="user", content=["x"])]))
        with pytest.raises(StopIteration):
            replacing.send(None)
    assert [m.text_content for m in agent.chat_ctx.messages() if m.role == "user"] == ["x"]


async def test_a_given_message_keeps_its_id_and_extra_through_the_history() -> None:
    async with AgentSession(
        llm=ScriptedLLM(), vad=None, turn_handling={"turn_detection": "manual"}
    ) as s:
        await s.start(Agent(instructions="be nice"))
        message = ChatMessage(role="user", id="mine", content=["hi"], extra={"identity": "ana"})
        await s.generate_reply(user_input=message)
        kept = s.history.get_by_id("mine")
    assert isinstance(kept, ChatMessage)
    assert kept.extra == {"identity": "ana"}


async def test_an_item_is_placed_by_its_time() -> None:
    """The recalled block carries the question's time less a microsecond for this reason."""
    context = ChatContext([ChatMessage(role="user", content=["a"], created_at=10.0)])
    context.insert(ChatMessage(role="user", content=["same time"], created_at=10.0))
    context.insert(ChatMessage(role="user", content=["just before"], created_at=10.0 - 1e-6))
    assert [m.text_content for m in context.messages()] == ["just before", "a", "same time"]
