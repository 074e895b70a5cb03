"""A follow-up is answered from what the turn before it was about: agent, backend and database."""

from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

from retrieval.search import search_conversation
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, SearchRequest
from testbed.scripted_llm import ScriptedLLM, ToolCall
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import RunningAgent, running_agent

SAID = {
    "cleo": "The cellar pump stopped again, there is water everywhere.",
    "ben": "For the repair of the cellar pump I paid 310 euros to the plumber.",
    "ana": "My violin is with the luthier until Friday.",
}


class SearchingBackend(FakeBackend):
    """Keeps messages in memory, but searches those of a real database."""

    def __init__(self, db: asyncpg.Pool, stored: ConversationId) -> None:
        super().__init__()
        self._db, self._stored = db, stored

    async def _search(self, conversation_id: UUID, request: SearchRequest) -> httpx.Response:
        self.searches.append(request)
        found = await search_conversation(
            self._db, None, conversation_id=self._stored, request=request
        )
        return httpx.Response(200, content=found.model_dump_json())


async def _backend(db: asyncpg.Pool) -> SearchingBackend:
    stored, _ = await create_room(db, name="den")
    messages = [message(n, text, participant=who) for n, (who, text) in enumerate(SAID.items(), 1)]
    await append_messages(db, conversation_id=stored, messages=messages)
    return SearchingBackend(db, stored)


def _shown(llm: ScriptedLLM) -> str:
    return "\n".join(text for _, text in llm.last_prompt)


async def _after_a_question(running: RunningAgent, follow_up: str) -> None:
    await running.ask("What was wrong with the cellar pump?")
    await running.ask(follow_up)


async def test_a_typed_follow_up_recalls_what_the_turn_before_was_about(
    db: asyncpg.Pool, tmp_path: Path
) -> None:
    backend, llm = await _backend(db), ScriptedLLM(["It stopped.", "310 euros."])
    async with running_agent(backend, llm, tmp_path) as running:
        await _after_a_question(running, "And how much was it?")
    assert "> For the repair of the cellar pump I paid 310 euros" in _shown(llm)
    said = [(one.role, one.participant, one.content) for one in backend.searches[-1].window]
    assert said == [
        ("user", "ana", "What was wrong with the cellar pump?"),
        ("assistant", "agent", "It stopped."),
    ]


async def test_without_the_window_it_would_recall_nothing(db: asyncpg.Pool, tmp_path: Path) -> None:
    backend, llm = await _backend(db), ScriptedLLM(["It stopped.", "No idea."])
    async with running_agent(backend, llm, tmp_path, recall_window_messages=0) as running:
        await _after_a_question(running, "And how much was it?")
    assert "310 euros" not in _shown(llm)
    assert backend.searches[-1].window == []


async def test_a_follow_up_is_searched_while_it_is_spoken(db: asyncpg.Pool, tmp_path: Path) -> None:
    backend, llm = await _backend(db), ScriptedLLM(["It stopped.", "310 euros."])
    async with running_agent(backend, llm, tmp_path) as running:
        await running.ask("What was wrong with the cellar pump?")
        running.conversation_agent.hear("and how much was it", final=True, identity="ana")
        trace = await running.ask("And how much was it?")
    assert trace.recalled.source == "speculation"
    assert "310 euros" in _shown(llm)


async def test_the_models_own_search_is_read_in_the_light_of_the_window(
    db: asyncpg.Pool, tmp_path: Path
) -> None:
    call = ToolCall("search_conversation", {"query": "how much was it"})
    backend, llm = await _backend(db), ScriptedLLM(["It stopped.", call, "310 euros."])
    async with running_agent(backend, llm, tmp_path) as running:
        await _after_a_question(running, "Hello?")
    role, text = llm.last_prompt[-1]
    assert role == "tool"
    assert "310 euros" in text
