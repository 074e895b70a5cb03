"""Who wants to see what is being recalled is told while one still speaks, and at the turn."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from agent.conversation.memory_options import MemoryOptions
from agent.recall.notices import Notice
from testbed.scripted_llm import ScriptedLLM
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import remember, running_agent

KEY = "The spare key hangs behind the fridge."
ASKED = "Where is the spare key?"


class Audience:
    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.told: list[Notice] = []

    def tell(self, notice: Notice) -> None:
        assert self.is_there
        self.told.append(notice)

    @property
    def states(self) -> list[tuple[str, bool]]:
        return [(each.state, each.question_id is not None) for each in self.told]


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  # no event
            await asyncio.sleep(0.005)


async def test_while_one_speaks_and_at_the_turn(tmp_path: Path) -> None:
    backend, audience = FakeBackend(), Audience()
    await remember(backend, KEY, *["noise"] * 20, participant="ben")
    async with running_agent(backend, ScriptedLLM(), tmp_path, recall_audience=audience) as running:
        running.conversation_agent.hear("Where is the spare key", final=True, identity="ana")
        await _until(lambda: len(audience.told) == 2)
        await running.ask(ASKED)
    assert audience.states == [("searching", False), ("found", False), ("found", True)]
    assert {each.speaker for each in audience.told} == {"ana"}
    assert audience.told[1].hits[0].message.content == KEY
    asked = next(m.id for m in backend.stored if m.content == ASKED)
    assert [each.question_id for each in audience.told] == [None, None, asked]


async def test_nothing_found_and_no_answer_are_told_apart(tmp_path: Path) -> None:
    backend, audience = FakeBackend(), Audience()
    async with running_agent(backend, ScriptedLLM(), tmp_path, recall_audience=audience) as running:
        await running.ask("Thank you!")
        await running.ask(ASKED)
        backend.down = True
        await running.ask("Where is the lamp?")
        backend.down = False
    assert audience.states == [
        ("nothing", True),
        ("searching", False),
        ("nothing", False),
        ("nothing", True),
        ("searching", False),
        ("unavailable", False),
        ("unavailable", True),
    ]


async def test_what_is_found_too_late_for_the_turn_is_told_when_it_comes(tmp_path: Path) -> None:
    backend, audience = FakeBackend(), Audience()
    await remember(backend, KEY, *["noise"] * 20)
    backend.search_delay_s = 0.2
    async with running_agent(
        backend, ScriptedLLM(), tmp_path, recall_audience=audience, recall_timeout_s=0.01
    ) as running:
        await running.ask(ASKED)
        await _until(lambda: len(audience.told) == 3)
    assert audience.states == [("searching", False), ("unavailable", True), ("found", False)]


async def test_nothing_is_told_where_nobody_wants_it_or_it_is_switched_off(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    await remember(backend, KEY, *["noise"] * 20)
    absent, unheard = Audience(is_there=False), Audience()
    async with running_agent(
        backend, ScriptedLLM(), tmp_path / "a", recall_audience=absent
    ) as running:
        await running.ask(ASKED)
    async with running_agent(
        backend,
        ScriptedLLM(),
        tmp_path / "b",
        recall_audience=unheard,
        options=MemoryOptions(recall_notices=False),
    ) as running:
        await running.ask(ASKED)
    assert (absent.told, unheard.told) == ([], [])
