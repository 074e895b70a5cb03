"""What is erased or corrected while an agent lives is in no prompt from then on, nor kept."""

import asyncio
import gc
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit.agents import Agent, function_tool
from livekit.agents.llm import ChatContext

from agent.conversation.changes.known import OUTDATED
from agent.conversation.unanswered import find_unanswered
from agent.messages.question import Question, QuestionNotStored
from retrieval.wire import MessageId
from testbed.scripted_llm import Answer, ScriptedLLM, ToolCall
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import holds, left_by_a_killed_process
from tests.support.running_agent import RunningAgent, remember, running_agent

CANARY = "The blue boathouse takes parcels for canary-7361."
CORRECTED = "The red boathouse takes parcels for corrected-7361."
LATE = "Parcels are late on Tuesdays."
RARELY: dict[str, Any] = {"changes_interval_s": 3600.0}


def _shown(llm: ScriptedLLM) -> str:
    return "\n".join(text for _, text in llm.last_prompt)


def _id_of(backend: FakeBackend, text: str) -> str:
    return next(m.id for m in backend.stored if m.content == text)


async def _known(running: RunningAgent, revision: int) -> None:
    """In memory and on disk."""
    await _until(lambda: running.conversation_agent.forgetting.known.revision >= revision)
    async with asyncio.timeout(10):
        while await running.outbox.erased_to() < revision:  # noqa: ASYNC110  # of another thread
            await asyncio.sleep(0.005)


def _erase(backend: FakeBackend, what: str) -> None:
    room = backend.room()
    if what == "message":
        backend.erase_message(room, _id_of(backend, CANARY))
    elif what == "participant":
        backend.erase_participant(room, "ben")
    else:
        backend.correct(room, _id_of(backend, CANARY), CORRECTED)


@pytest.mark.parametrize("what", ["message", "participant", "correction"])
@pytest.mark.parametrize("restored", [True, False], ids=["in the window", "recalled"])
async def test_a_search_tells_of_it_and_the_same_turn_is_clean(
    tmp_path: Path, what: str, restored: bool
) -> None:
    """The push is lost, and nobody asks by the clock."""
    backend, llm = FakeBackend(), ScriptedLLM()
    said = ["noise"] * 20
    said.insert(20 if restored else 0, CANARY)
    await remember(backend, *said, participant="ben")
    await remember(backend, "The weather is fine.")
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask("Where do parcels for the boathouse go?")
        assert CANARY in _shown(llm)
        _erase(backend, what)
        await running.ask("And where do other parcels for a boathouse go?")
        assert CANARY not in _shown(llm)
        assert (CORRECTED in _shown(llm)) == (what == "correction")
        assert "And where do other parcels" in _shown(llm)


@pytest.mark.parametrize("what", ["message", "participant", "correction"])
async def test_a_push_is_enough_where_nothing_is_searched(tmp_path: Path, what: str) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY, participant="ben")
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask("Okay, thanks!")
        assert CANARY in _shown(llm)
        _erase(backend, what)
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        searches = len(backend.searches)
        await running.ask("Okay, thanks!")
        assert len(backend.searches) == searches
        assert CANARY not in _shown(llm)
        assert (CORRECTED in _shown(llm)) == (what == "correction")


async def test_the_clock_is_enough_where_nobody_speaks(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY)
    async with running_agent(backend, llm, tmp_path, changes_interval_s=0.01) as running:
        _erase(backend, "message")
        await _known(running, 1)
        assert running.window == []


async def test_what_was_too_old_to_be_kept_leaves_the_window_and_the_rest_stays(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY, "The weather is fine.", participant="ben")
    async with running_agent(backend, llm, tmp_path, changes_interval_s=0.01) as running:
        assert [text for _, text in running.window] == [CANARY, "The weather is fine."]
        first, second = backend.stored
        assert first.created_at < second.created_at
        backend.expire(backend.room(), second.created_at)
        await _known(running, 1)
        assert [text for _, text in running.window] == ["The weather is fine."]


async def test_an_appends_answer_tells_of_it(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        _erase(backend, "message")
        await running.ask("Okay, thanks!")
        await _known(running, 1)
        assert CANARY not in str(running.window)


async def test_what_is_recalled_ahead_is_thrown_away(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        running.conversation_agent.hear("Where do parcels for the boathouse go?", final=True)
        await _until(lambda: len(backend.searches) == 1)
        _erase(backend, "message")
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        trace = await running.ask("Where do parcels for the boathouse go?")
        assert trace.recalled.source == "fresh"
        assert CANARY not in _shown(llm)


async def test_an_answer_on_its_way_is_thrown_away_and_asked_for_again(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY, "The boathouse is closed.", *["noise"] * 20)
    often: dict[str, Any] = {"recall_timeout_s": 5.0, "changes_interval_s": 0.01}
    async with running_agent(backend, llm, tmp_path, **often) as running:
        backend.search_delay_s = 0.2
        asking = asyncio.create_task(running.ask("Where do parcels for the boathouse go?"))
        await _until(lambda: len(backend.searches) == 1)
        _erase(backend, "message")
        running.conversation_agent.forgetting.changes.suspect(1)
        await asking
        assert len(backend.searches) == 2
        assert CANARY not in _shown(llm)
        assert "The boathouse is closed." in _shown(llm)


async def test_between_the_steps_of_a_turn_results_and_recalled_messages_go(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()

    def answer(chat_ctx: ChatContext) -> Answer:
        if len(llm.prompts) == 1:
            return ToolCall("search_conversation", {"query": "blue boathouse parcels"})
        if len(llm.prompts) == 2:
            assert "Outdated" not in _shown(llm)
            assert _shown(llm).count(CANARY) == 2  # recalled, and found by the tool
            _erase(backend, "message")
            return ToolCall("search_conversation", {"query": "boathouse of parcels"})
        return "nobody knows"

    llm = ScriptedLLM(answer)
    await remember(backend, CANARY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask("Where do parcels for the boathouse go?")
        assert len(llm.prompts) == 3
        assert CANARY not in _shown(llm)
        assert OUTDATED in _shown(llm)


async def test_a_tools_result_that_quotes_what_was_erased_goes_and_others_stay(
    tmp_path: Path,
) -> None:
    @function_tool
    async def look_up(what: str) -> str:
        """Look something up."""
        return f"Someone wrote: {CANARY}" if what == "boathouse" else "The order was sent."

    backend = FakeBackend()
    llm = ScriptedLLM(
        [
            ToolCall("look_up", {"what": "boathouse"}),
            "I see.",
            ToolCall("look_up", {"what": "order"}),
            "Sent.",
            "fine",
        ]
    )
    await remember(backend, CANARY)
    agent = Agent(instructions="Help.", tools=[look_up])
    async with running_agent(backend, llm, tmp_path, agent=agent, **RARELY) as running:
        await running.ask("Okay, thanks!")
        await running.ask("Okay, thanks!")
        _erase(backend, "message")
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        await running.ask("Okay, thanks!")
        assert CANARY not in _shown(llm)
        assert "The order was sent." in _shown(llm)
        assert "I see." in _shown(llm)


async def test_questions_and_answers_of_this_session_are_forgotten_too(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM(["An answer that names canary-7361.", "fine"])
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask(CANARY)
        assert await running.outbox.drain(5)
        question, answer = backend.stored
        backend.erase_message(backend.room(), question.id)
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        assert [text.strip() for _, text in running.window] == ["An answer that names canary-7361."]
        backend.erase_message(backend.room(), answer.id)
        running.conversation_agent.forgetting.changes.suspect(2)
        await _known(running, 2)
        await running.ask("Okay, thanks!")
        assert "canary-7361" not in _shown(llm)
        assert "canary-7361" not in str(running.conversation_agent.session.history.items)
        assert holds(tmp_path, "canary-7361") == []


async def test_an_erased_question_is_not_answered(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        question = Question(MessageId("q1"), "ben", CANARY, datetime.now(UTC))
        assert await running.conversation_agent.accept(question)
        assert await running.outbox.drain(5)
        backend.erase_message(backend.room(), "q1")
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        assert running.conversation_agent.forgetting.known.covers(question)
        trace = await running.conversation_agent.ask(question)
        assert trace.answer == ""
        assert llm.prompts == []


async def test_a_waiting_write_is_dropped_while_the_disk_takes_nothing(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask("Okay, thanks!")
        backend.down = True
        await running.ask(CANARY, speaker="ben")
        backend.erase_participant(
            backend.room(), "ben", before=datetime.now(UTC) + timedelta(seconds=1)
        )
        backend.down = False
        assert await running.outbox.drain(5)
        await _known(running, 1)
        assert all(m.participant != "ben" for m in backend.stored)
        assert running.conversation_agent.events.participants == ["ana", "agent"]
        assert holds(tmp_path, CANARY) == []


async def test_an_erased_conversation_leaves_no_window_and_takes_no_question(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask("Okay, thanks!")
        prompts = len(llm.prompts)
        backend.erase_conversation(backend.room())
        trace = await running.ask("Where do parcels for the boathouse go?")
        await _until(running.conversation_agent.forgetting.changes.conversation_erased.is_set)
        assert trace.answer == ""
        assert len(llm.prompts) == prompts
        await _until(lambda: running.window == [])
        question = Question(MessageId("q9"), "ana", "And now?", datetime.now(UTC))
        with pytest.raises(QuestionNotStored, match="erased"):
            await running.conversation_agent.accept(question)
    assert holds(tmp_path, "canary") == []
    assert not list((tmp_path / "outbox").iterdir())


async def test_what_is_known_to_be_erased_but_not_what_leaves_the_question_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.conversation.session.agent_hooks._CAUGHT_UP_S", 0.05)
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, LATE, *["noise"] * 20, CANARY, "An unrelated remark.")
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        changes = running.conversation_agent.forgetting.changes
        await _until(lambda: backend.changes_asked > 0)
        backend.refuse = _without_changes
        _erase(backend, "message")
        await running.ask("Where do other parcels go?")
        assert [text for role, text in llm.last_prompt if role == "user"][-1].startswith("Where do")
        assert CANARY not in _shown(llm)
        assert "An unrelated remark." not in _shown(llm)
        # What was recalled ahead is older than what is told now.
        running.conversation_agent.hear("When are parcels late?", final=True)
        await _until(lambda: len(backend.searches) == 2)
        backend.correct(backend.room(), _id_of(backend, LATE), "Parcels are never late.")
        await running.outbox.accept(message(99))
        await _until(lambda: not changes.is_up_to_date(1))
        await running.ask("When are parcels late?")
        assert LATE not in _shown(llm)
        backend.refuse = lambda *_: None
        await _known(running, 2)
        await running.ask("Okay, thanks!")
        assert "An unrelated remark." in _shown(llm)


def _without_changes(_: str, target: str, __: bytes) -> httpx.Response | None:
    return httpx.Response(503) if "/changes" in target else None


async def test_a_backend_without_erasures_costs_no_window(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    backend.refuse = lambda _, target, __: httpx.Response(404) if "/changes" in target else None
    await remember(backend, "An unrelated remark.")
    async with running_agent(backend, llm, tmp_path, changes_interval_s=0.01) as running:
        await running.ask("Where do other parcels go?")
        assert "An unrelated remark." in _shown(llm)


async def test_a_flood_of_forged_pushes_is_a_request_at_a_time(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await _until(lambda: backend.changes_asked == 1)
        for n in range(10_000):
            running.conversation_agent.forgetting.changes.suspect(n)
            if n % 100 == 0:
                await asyncio.sleep(0)
        assert backend.changes_asked <= 2
        assert CANARY in str(running.window)


async def test_a_restored_backend_with_an_older_count_is_asked_from_the_start(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, CANARY)
    for n in range(5):
        backend.erase_message(backend.room(), f"long ago {n}")
    async with running_agent(backend, llm, tmp_path, changes_interval_s=0.01) as running:
        assert running.conversation_agent.forgetting.known.revision == 5
        del backend.changes[backend.room()]
        _erase(backend, "message")
        await _until(lambda: running.window == [])
        await _until(lambda: running.conversation_agent.forgetting.known.revision == 1)
        trace = await running.ask("Where do other parcels for a boathouse go?")
        assert trace.recalled.degraded is None


async def test_a_restored_backend_costs_no_memory_once_its_older_count_is_known(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    llm = ScriptedLLM(
        ["fine", "fine", ToolCall("search_conversation", {"query": "boathouse"}), "fine"]
    )
    await remember(backend, CANARY, *["noise"] * 20)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        backend.erase_message(backend.room(), "another")
        await running.ask("Where do parcels for the boathouse go?")
        await _until(lambda: running.conversation_agent.forgetting.known.revision == 1)
        del backend.changes[backend.room()]
        await running.ask("Where do other parcels for a boathouse go?")
        await _until(lambda: running.conversation_agent.forgetting.known.revision == 0)
        await running.ask("And where do those parcels for a boathouse go?")
        assert _shown(llm).count(CANARY) == 2
        assert OUTDATED not in _shown(llm)


async def test_what_a_killed_agent_left_and_was_erased_is_neither_shown_nor_answered(
    tmp_path: Path,
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    killed = tmp_path / "killed"
    async with running_agent(backend, llm, tmp_path / "live", **RARELY) as running:
        backend.down = True
        question = Question(MessageId("q1"), "ben", CANARY, datetime.now(UTC))
        assert await running.conversation_agent.accept(question)
        left_by_a_killed_process(tmp_path / "live", killed)
        backend.down = False
    backend.erase_message(backend.room(), "q1")
    async with running_agent(backend, llm, killed, **RARELY) as running:
        resumed = running.conversation_agent.resumed
        unanswered = await find_unanswered(backend.client(), resumed, window=12)
        assert unanswered.waiting == []
        assert running.window == []
        assert holds(killed, CANARY) == []
    assert backend.stored == []


@pytest.mark.parametrize("ahead_s", [-300, 300])
async def test_a_wrong_clock_hides_no_words_and_covers_no_later_ones(
    tmp_path: Path, ahead_s: int
) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    backend.time_is_off = timedelta(seconds=ahead_s)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask(CANARY, speaker="ben")
        assert await running.outbox.drain(5)
        before = max(m.created_at for m in backend.stored if m.participant == "ben")
        backend.erase_participant(backend.room(), "ben", before=before)
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        assert CANARY not in str(running.window)
        trace = await running.ask("And is it Tuesday?", speaker="ben")
        assert trace.answer.strip() == "fine"
        assert "And is it Tuesday?" in _shown(llm)


async def test_a_spoken_turn_is_clean_too(tmp_path: Path) -> None:
    backend, llm = FakeBackend(), ScriptedLLM()
    await remember(backend, *["noise"] * 20, CANARY)
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        running.end_spoken_turn("Where do parcels for the boathouse go?")
        await _until(lambda: len(llm.prompts) == 1)
        assert CANARY in _shown(llm)
        _erase(backend, "message")
        running.conversation_agent.hear("And other parcels for a boathouse", final=False)
        running.end_spoken_turn("And other parcels for a boathouse?")
        await _until(lambda: len(llm.prompts) == 2)
        assert CANARY not in _shown(llm)
        assert llm.last_prompt[-1] == ("user", "And other parcels for a boathouse?")


async def test_agents_that_the_session_has_left_forget_too(tmp_path: Path) -> None:
    class First(Agent):
        @function_tool
        async def hand_over(self) -> Agent:
            """Hand over."""
            return second

    first, second = First(instructions="First."), Agent(instructions="Second.")
    backend, llm = FakeBackend(), ScriptedLLM([ToolCall("hand_over", {}), "fine"])
    await remember(backend, CANARY)
    async with running_agent(backend, llm, tmp_path, agent=first, **RARELY) as running:
        await running.ask("Okay, thanks!")
        assert running.conversation_agent.session.current_agent is second
        assert CANARY in str(first.chat_ctx.items)
        assert CANARY in str(second.chat_ctx.items)
        _erase(backend, "message")
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        assert CANARY not in str(first.chat_ctx.items)
        assert CANARY not in str(second.chat_ctx.items)


async def test_nothing_in_the_process_holds_it(tmp_path: Path) -> None:
    """Beside what this test and its model hold: every container is looked through."""
    backend, llm = FakeBackend(), ScriptedLLM()
    text = "".join(["where does the purple ", "zeppelin-4920 land?"])
    async with running_agent(backend, llm, tmp_path, **RARELY) as running:
        await running.ask(text, speaker="ben")
        await running.ask("What about the zeppelin, and what did we say of it?")
        assert await running.outbox.drain(5)
        backend.erase_participant(backend.room(), "ben")
        running.conversation_agent.forgetting.changes.suspect(1)
        await _known(running, 1)
        llm.prompts.clear()
        backend.searches.clear()
        await running.ask("Okay, thanks!")
        llm.prompts.clear()
        del text
        gc.collect()
        assert _holders("zeppelin-4920") == []


def _holders(part: str) -> list[str]:
    return [
        f"{type(container).__name__} of {each[:80]!r}"
        for container in gc.get_objects()
        if type(container) in {dict, list, tuple, set, deque}
        for each in (container.values() if type(container) is dict else container)
        if type(each) is str and part in each and not _is_source(each)
    ]


def _is_source(text: str) -> bool:
    """This module's lines and constants, which the test runner holds."""
    return len(text) > 2_000 or text.strip("\n ").endswith(('"', "'", '"]', "]", ")", "[]"))


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.005)
