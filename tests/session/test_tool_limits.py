"""What the model looks up is bounded within a turn, and forgotten after it."""

from pathlib import Path

from agent.recall.search_tool import USED_UP
from retrieval.wire import estimated_tokens
from tests.support.fake_backend import FakeBackend
from tests.support.model_server import Answer, Asked, Calls, agent_of, model_server
from tests.support.running_agent import remember

LONG = [f"The zeppelin {n} {'hums ' * 150}" for n in range(40)]


def _always_five(asked: Asked) -> Answer:
    """Five searches in each step, as long as they are allowed."""
    searches = tuple(f"zeppelin {n}" for n in range(5))
    return Calls(searches) if asked.tools and asked.tool_choice != "none" else "It hums."


def _results(asked: Asked) -> list[str]:
    return [str(m["content"]) for m in asked.messages if m["role"] == "tool"]


async def test_many_searches_in_many_turns_do_not_pile_up(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, *LONG)
    async with (
        model_server(answer=_always_five) as server,
        agent_of(
            server,
            backend,
            tmp_path,
            rolling_window_messages=4,
            tool_calls=8,
            tool_token_budget=3_000,
        ) as running,
    ):
        traces = [await running.ask(f"What about zeppelin {n}?") for n in range(6)]
        kinds = {item.type for item in running.conversation_agent.window.chat_ctx.items}
    assert [t.outcome for t in traces] == ["answered"] * 6
    assert kinds <= {"message", "agent_config_update"}
    firsts = [asked for asked in server.asked if not _results(asked)]
    assert len(firsts) == 6
    assert max(len(asked.text) for asked in firsts) < 8_000
    for asked in server.asked:
        found = [result for result in _results(asked) if result != USED_UP]
        assert len(found) <= 8
        assert sum(map(estimated_tokens, found)) <= 3_000
        assert len(asked.text) < 20_000


async def test_the_model_is_told_when_no_search_is_left(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, *LONG)
    async with (
        model_server(answer=_always_five) as server,
        agent_of(server, backend, tmp_path, tool_calls=2) as running,
    ):
        trace = await running.ask("What about the zeppelin?")
        again = await running.ask("And once more?")
    assert _results(server.asked[1]).count(USED_UP) == 3
    assert server.asked[1].tool_choice == "none"
    assert trace.answer == again.answer == "It hums. "
    assert _results(server.asked[3]).count(USED_UP) == 3


async def test_the_tokens_of_a_turns_searches_are_shared(tmp_path: Path) -> None:
    backend = FakeBackend()
    await remember(backend, *LONG)
    async with (
        model_server(answer=_always_five) as server,
        agent_of(server, backend, tmp_path, tool_calls=5, tool_token_budget=1_500) as running,
    ):
        await running.ask("What about the zeppelin?")
    results = _results(server.asked[1])
    assert sum(map(estimated_tokens, results)) <= 1_500 + 3 * estimated_tokens(USED_UP)
    assert USED_UP in results


async def test_an_earlier_turns_calls_are_in_no_later_prompt(tmp_path: Path) -> None:
    """Though the turn ended without an answer."""
    backend = FakeBackend()
    await remember(backend, *LONG)

    def answer(asked: Asked) -> Answer:
        if "look" in asked.last and asked.roles[-1] == "user":
            return Calls(("zeppelin",), text="Let me see.")
        return "" if _results(asked) else "Yes?"

    async with (
        model_server(answer=answer) as server,
        agent_of(server, backend, tmp_path, llm_retries=0) as running,
    ):
        assert (await running.ask("Please look.")).outcome == "empty"
        await running.ask("Hello?")
    assert "tool" not in server.asked[-1].roles
    assert server.asked[-1].roles[-4:] == ["user", "user", "assistant", "user"]
    assert "Let me see." in server.asked[-1].text
