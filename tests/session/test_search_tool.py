"""The tool that lets the model search deeper."""

from pathlib import Path
from typing import Any

from testbed.scripted_llm import ScriptedLLM, ToolCall
from tests.support.fake_backend import FakeBackend
from tests.support.running_agent import remember, running_agent


async def _result(backend: FakeBackend, tmp_path: Path, **arguments: Any) -> str:
    """What the model sees of a call with these arguments."""
    llm = ScriptedLLM([ToolCall("search_conversation", arguments), "done"])
    async with running_agent(backend, llm, tmp_path) as running:
        trace = await running.ask("Hello?")
    assert trace.answer == "done "
    role, text = llm.last_prompt[-1]
    assert role == "tool"
    return text


async def test_what_it_finds_is_cited_by_date_and_speaker(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, "The spare key hangs behind the fridge.", participant="ben")
    found = await _result(backend, tmp_path, query="spare key")
    assert 'Sat 2026-03-14 12:00, user "ben":\n> The spare key hangs behind the fridge.' in found


async def test_it_filters_by_participant_and_by_days_in_the_askers_time_zone(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    await remember(backend, "key")
    await _result(
        backend,
        tmp_path,
        query="key",
        participants=["ben"],
        since="2026-03-13",
        until="2026-03-14",
    )
    request = backend.searches[-1]
    assert request.participants == ["ben"]
    assert request.since is not None
    assert request.until is not None
    assert request.since.isoformat() == "2026-03-13T00:00:00+00:00"
    assert request.until.isoformat() == "2026-03-15T00:00:00+00:00"


async def test_it_says_so_when_nothing_matches(tmp_path: Path) -> None:
    assert "Nothing in this conversation matches" in await _result(
        FakeBackend(), tmp_path, query="zeppelin"
    )


async def test_the_model_is_told_how_to_write_a_day(tmp_path: Path) -> None:
    said = await _result(FakeBackend(), tmp_path, query="key", since="last week")
    assert "'last week' is not a day; write it as YYYY-MM-DD" in said


async def test_an_impossible_query_is_explained_to_the_model(tmp_path: Path) -> None:
    assert "must not be empty" in await _result(FakeBackend(), tmp_path, query="  ")


async def test_without_the_backend_the_model_goes_on(tmp_path: Path) -> None:
    backend = FakeBackend()
    llm = ScriptedLLM([ToolCall("search_conversation", {"query": "key"}), "done"])
    async with running_agent(backend, llm, tmp_path) as running:
        backend.down = True
        trace = await running.ask("Hello?")
        backend.down = False
    assert trace.answer == "done "
    assert "go on without it" in llm.last_prompt[-1][1]


async def test_arguments_of_another_kind_are_explained_to_the_model(tmp_path: Path) -> None:
    assert "participants: " in await _result(
        FakeBackend(), tmp_path, query="key", participants="ben"
    )


async def test_a_call_without_a_query_is_explained_to_the_model(tmp_path: Path) -> None:
    assert "query: Field required" in await _result(FakeBackend(), tmp_path)
