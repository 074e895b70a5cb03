"""Agents of other people get the conversation's memory, and their own hooks still run."""

import asyncio
from collections.abc import AsyncIterable
from pathlib import Path

from livekit.agents import Agent, AgentTask, ModelSettings, StopResponse, function_tool
from livekit.agents.llm import ChatChunk, ChatContext, ChatMessage, Tool

from agent.conversation.memory_options import MemoryOptions
from testbed.scripted_llm import Answer, ScriptedLLM, ToolCall
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import remember, running_agent

FACT = "The spare key hangs behind the fridge."
OWN = "You are the concierge of a small hotel."


class Concierge(Agent):
    """Like one that was written without Longroom."""

    def __init__(self) -> None:
        super().__init__(instructions=OWN)
        self.entered = 0
        self.completed: list[str] = []
        self.prompts: list[ChatContext] = []

    async def on_enter(self) -> None:
        self.entered += 1

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        self.completed.append(new_message.text_content or "")
        new_message.content = [(new_message.text_content or "").replace("4711", "[card]")]

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterable[ChatChunk | str]:
        self.prompts.append(chat_ctx)
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            yield chunk  # type: ignore[misc]

    @function_tool
    async def book_table(self, hour: int) -> str:
        """Book a table."""
        return f"table 7 at {hour} o'clock"

    @function_tool
    async def ask_the_kitchen(self) -> Agent:
        """Hand over to the kitchen."""
        return Kitchen()

    @function_tool
    async def find_out_the_name(self) -> str:
        """Ask the guest for their name."""
        return f"the guest is called {await NameTask()}"


class Kitchen(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are the cook.")

    async def on_enter(self) -> None:
        await self.session.generate_reply()


class NameTask(AgentTask[str]):
    def __init__(self) -> None:
        super().__init__(instructions="Find out the name.")

    async def on_enter(self) -> None:
        await self.session.generate_reply()

    @function_tool
    async def name_is(self, name: str) -> None:
        """The guest has told their name."""
        self.complete(name)


def shown(prompt: list[tuple[str, str]]) -> str:
    return "\n".join(text for _, text in prompt)


async def test_an_agent_keeps_its_instructions_hooks_and_tools(tmp_path: Path) -> None:
    backend, llm, concierge = FakeBackend(), ScriptedLLM(), Concierge()
    await remember(backend, FACT, *["noise"] * 30)
    async with running_agent(backend, llm, tmp_path, agent=concierge) as running:
        await running.ask("Where is the spare key?")
        tools = {tool.id for tool in concierge.tools}
    assert llm.last_prompt[0] == ("system", OWN)
    assert FACT in shown(llm.last_prompt)
    assert concierge.entered == 1
    assert "search_conversation" in tools
    assert "book_table" in tools
    own_view = "\n".join(m.text_content or "" for m in concierge.prompts[-1].messages())
    assert FACT in own_view
    assert backend.stored[-2].content == "Where is the spare key?"
    assert backend.stored[-1].id == f"{backend.stored[-2].id}.answer1"


async def test_the_window_is_restored_behind_what_the_agent_was_given(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, "Said long ago.")
    given = ChatContext([ChatMessage(role="system", content=["Today the pool is closed."])])
    agent = Agent(instructions=OWN, chat_ctx=given)
    async with running_agent(backend, llm, tmp_path, agent=agent) as running:
        await running.ask("Hello!")
    texts = [text for _, text in llm.last_prompt]
    assert texts.index("Said long ago.") < texts.index("Hello!")
    assert "Today the pool is closed." in texts
    assert texts[0] == OWN


async def test_a_spoken_turn_is_stored_as_the_agents_own_hook_leaves_it(tmp_path: Path) -> None:
    backend, llm, concierge = FakeBackend(), ScriptedLLM(), Concierge()
    async with running_agent(backend, llm, tmp_path, agent=concierge) as running:
        running.end_spoken_turn("My card is 4711, thanks.")
        async with asyncio.timeout(10):
            while len(backend.stored) < 2:  # noqa: ASYNC110  # the outbox has no event for it
                await asyncio.sleep(0.01)
    assert concierge.completed == ["My card is 4711, thanks."]
    assert [m.content for m in backend.stored] == ["My card is [card], thanks.", "fine "]


class Silent(Agent):
    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        raise StopResponse


async def test_a_turn_that_the_agents_hook_stops_is_stored_and_not_answered(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    agent = Silent(instructions=OWN)
    async with running_agent(backend, llm, tmp_path, agent=agent) as running:
        running.end_spoken_turn("Just thinking aloud.")
        async with asyncio.timeout(10):
            while not backend.stored:  # noqa: ASYNC110  # the outbox has no event for it
                await asyncio.sleep(0.01)
    assert [m.content for m in backend.stored] == ["Just thinking aloud."]
    assert llm.prompts == []


async def test_a_handoff_keeps_window_recall_and_search_and_is_one_turn(tmp_path: Path) -> None:
    def answer(chat_ctx: ChatContext) -> Answer:
        instructions = chat_ctx.messages()[0].text_content or ""
        question = [m for m in chat_ctx.messages() if m.role == "user"][-1].text_content or ""
        if "concierge" in instructions:
            return ToolCall("ask_the_kitchen", {}) if "cook" in question else "fine"
        return f"the cook says {question.split()[0]}"

    backend, llm, concierge = FakeBackend(), ScriptedLLM(answer), Concierge()
    await remember(backend, FACT, *["noise"] * 30)
    async with running_agent(backend, llm, tmp_path, agent=concierge) as running:
        await running.ask("Hello concierge!")
        handed = await running.ask("Give me the cook, please.")
        after = await running.ask("Where is the spare key?")
        cook = running.conversation_agent.session.current_agent
        tools = {tool.id for tool in cook.tools}
    assert handed.outcome == "answered"
    assert handed.answer.strip() == "the cook says Give"
    assert after.answer.strip() == "the cook says Where"
    assert "search_conversation" in tools
    prompt = shown(llm.last_prompt)
    assert "You are the cook." in prompt
    assert "Hello concierge!" in prompt
    assert FACT in prompt
    questions = [m for m in backend.stored if m.role == "user" and m.content != "noise"][1:]
    answers = [m for m in backend.stored if m.role == "assistant"]
    assert [a.id for a in answers] == [f"{q.id}.answer1" for q in questions]


async def test_an_agent_that_comes_back_has_what_was_said_meanwhile_in_its_order(
    tmp_path: Path,
) -> None:
    class Host(Agent):
        def __init__(self, name: str) -> None:
            super().__init__(instructions=f"You are {name}.")
            self.other: Agent | None = None

        async def on_enter(self) -> None:
            if len(llm.prompts) > 0:
                await self.session.generate_reply()

        @function_tool
        async def hand_over(self) -> Agent | None:
            """Hand over to the other host."""
            return self.other

    def answer(chat_ctx: ChatContext) -> Answer:
        question = [m for m in chat_ctx.messages() if m.role == "user"][-1].text_content or ""
        me = (chat_ctx.messages()[0].text_content or "")[8:-1]
        wanted = question.split()[-1]
        return ToolCall("hand_over", {}) if wanted not in (me, "on") else f"{me} here"

    backend, llm = FakeBackend(), ScriptedLLM(answer)
    ann, bob = Host("Ann"), Host("Bob")
    ann.other, bob.other = bob, ann
    async with running_agent(backend, llm, tmp_path, agent=ann) as running:
        for question in ("I want Ann", "I want Bob", "Go on", "Again I want Ann", "Now go on"):
            trace = await running.ask(question)
            assert trace.outcome == "answered"
    said = [text.strip() for role, text in llm.last_prompt if role in {"user", "assistant"}]
    assert said == [
        "I want Ann",
        "Ann here",
        "I want Bob",
        "Bob here",
        "Go on",
        "Bob here",
        "Again I want Ann",
        "Ann here",
        "Now go on",
    ]
    assert llm.last_prompt[0] == ("system", "You are Ann.")


async def test_a_task_that_asks_back_ends_the_turn_and_the_reply_ends_the_task(
    tmp_path: Path,
) -> None:
    def answer(chat_ctx: ChatContext) -> Answer:
        instructions = chat_ctx.messages()[0].text_content or ""
        question = [m for m in chat_ctx.messages() if m.role == "user"][-1].text_content or ""
        if "Find out" in instructions:
            if "Mira" in question:
                return ToolCall("name_is", {"name": "Mira"})
            return "what is your name?"
        outputs = [i.output for i in chat_ctx.items if i.type == "function_call_output"]
        if any("Mira" in output for output in outputs):
            return "welcome Mira"
        return ToolCall("find_out_the_name", {})

    backend, llm, concierge = FakeBackend(), ScriptedLLM(answer), Concierge()
    async with running_agent(backend, llm, tmp_path, agent=concierge) as running:
        async with asyncio.timeout(20):
            first = await running.ask("I would like a room.")
            second = await running.ask("I am Mira.")
        assert await running.outbox.drain(5)
    assert (first.outcome, first.answer.strip()) == ("answered", "what is your name?")
    assert (second.outcome, second.answer.strip()) == ("answered", "welcome Mira")
    assert [m.content.strip() for m in backend.stored] == [
        "I would like a room.",
        "what is your name?",
        "I am Mira.",
        "welcome Mira",
    ]
    assert backend.stored[3].id == f"{backend.stored[2].id}.answer1"


async def test_tool_calls_are_remembered_in_a_short_form_if_asked_for(tmp_path: Path) -> None:
    llm = ScriptedLLM([ToolCall("book_table", {"hour": 8}), "booked"])
    backend, concierge = FakeBackend(), Concierge()
    options = MemoryOptions(remember_tools=["book_table"])
    async with running_agent(backend, llm, tmp_path, agent=concierge, options=options) as running:
        await running.ask("A table at eight, please.")
        assert await running.outbox.drain(5)
    tools = [m for m in backend.stored if m.role == "tool"]
    assert [m.content for m in tools] == ['book_table({"hour": 8}) gave: table 7 at 8 o\'clock']
    assert tools[0].participant == "book_table"


async def test_results_of_earlier_turns_stay_in_the_prompt_but_are_cut(tmp_path: Path) -> None:
    class Librarian(Agent):
        @function_tool
        async def read_book(self) -> str:
            """Read the whole book."""
            return "word " * 2_000

    llm = ScriptedLLM([ToolCall("read_book", {}), "read it", "fine"])
    backend, agent = FakeBackend(), Librarian(instructions=OWN)
    async with running_agent(backend, llm, tmp_path, agent=agent) as running:
        await running.ask("Read the book!")
        whole = [text for role, text in llm.last_prompt if role == "tool"]
        await running.ask("What was in it?")
        cut = [text for role, text in llm.last_prompt if role == "tool"]
    assert len(whole[0]) == len("word " * 2_000)
    assert len(cut) == 1
    assert len(cut[0]) == 500


async def test_each_piece_can_be_left_out(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, FACT, *["noise"] * 30)
    options = MemoryOptions(window=False, recall=False, search_tool=False, introduction=False)
    agent = Agent(instructions=OWN)
    async with running_agent(backend, llm, tmp_path, agent=agent, options=options) as running:
        await running.ask("Where is the spare key?")
        assert agent.tools == []
    assert llm.last_prompt == [("system", OWN), ("user", "Where is the spare key?")]
    assert backend.stored[-2].content == "Where is the spare key?"
