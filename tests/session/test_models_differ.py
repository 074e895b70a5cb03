"""Every kind of model that speaks the OpenAI protocol answers its first and its hundredth turn."""

import json
from pathlib import Path

import pytest

from tests.support.chat_templates import FAMILIES, GEMMA, MISTRAL, QWEN
from tests.support.fake_backend import FakeBackend
from tests.support.model_server import Asked, Calls, Status, agent_of, model_server
from tests.support.running_agent import remember

FACT = "The spare key of the harbour office hangs behind the fridge."
NO_TOOLS = {
    "vllm": Status(400, '"auto" tool choice requires --enable-auto-tool-choice to be set'),
    "ollama": Status(400, "registry.ollama.ai/library/gemma does not support tools"),
    "llama.cpp": Status(500, "tools param requires --jinja flag"),
    "openrouter": Status(404, "No endpoints found that support tool use"),
}
REFUSALS = {
    "vllm": lambda message: Status(400, message),
    "fastapi": lambda message: Status(422, message),
    "llama.cpp": lambda message: Status(500, f"Jinja template error: {message}"),
    "lm studio": lambda message: Status(200, f"Error rendering the jinja template: {message}"),
}


def _answer(asked: Asked) -> str | Calls:
    """Looks up what it is asked to, where it may."""
    if asked.tools and "look it up" in asked.last:
        return Calls(("harbour office",), text="Let me see.")
    return "It hangs there." if FACT in asked.text else "I do not know."


@pytest.mark.parametrize("family", FAMILIES)
async def test_the_first_turn_and_those_after_many_are_answered(
    tmp_path: Path, family: str
) -> None:
    backend = FakeBackend()
    await remember(backend, FACT, *["noise"] * 20, participant="ben")
    async with (
        model_server(template=FAMILIES[family], answer=_answer) as server,
        agent_of(
            server, backend, tmp_path, greeting="Hello!", rolling_window_messages=4
        ) as running,
    ):
        traces = [await running.ask("Where is the key of the harbour office?")]
        for n in range(14):
            speaker = "ana" if n % 3 else "ben"
            question = "Please look it up." if n % 6 == 3 else f"Is {n} a prime number?"
            traces.append(await running.ask(question, speaker=speaker))
        traces.append(await running.ask("Where is the key of the harbour office?"))
        assert await running.outbox.drain(5)
    assert [t.outcome for t in traces] == ["answered"] * 16
    assert traces[0].answer == traces[-1].answer == "It hangs there. "
    assert FACT in server.asked[0].text
    assert "Where is the key of the harbour office?" in server.asked[-1].last
    assert len(server.refused) <= 12  # found out once
    assert [event for event in backend.recorded if event.kind == "error"] == []
    assert not any(message.interrupted for message in backend.stored)
    asked = [m.content for m in backend.stored if m.role == "user" and m.id.startswith("typed")]
    assert len(asked) == 16


@pytest.mark.parametrize("server_kind", REFUSALS)
async def test_a_refusal_is_understood_however_a_server_puts_it(
    tmp_path: Path, server_kind: str
) -> None:
    backend = FakeBackend()
    await remember(backend, FACT, *["noise"] * 20)
    async with (
        model_server(template=GEMMA, refuse=REFUSALS[server_kind], answer=_answer) as server,
        agent_of(server, backend, tmp_path) as running,
    ):
        trace = await running.ask("Where is the key of the harbour office?")
    assert (trace.outcome, trace.answer) == ("answered", "It hangs there. ")


@pytest.mark.parametrize("server_kind", NO_TOOLS)
async def test_a_model_without_tools_is_asked_without_them(
    tmp_path: Path, server_kind: str
) -> None:
    backend = FakeBackend()
    async with (
        model_server(tools_error=NO_TOOLS[server_kind]) as server,
        agent_of(server, backend, tmp_path) as running,
    ):
        outcomes = [(await running.ask(f"Question {n}?")).outcome for n in range(5)]
    assert outcomes == ["answered"] * 5
    assert len(server.refused) == 1
    assert not any(asked.tools for asked in server.asked)
    assert [event for event in backend.recorded if event.kind == "error"] == []


async def test_tools_can_be_switched_off_and_insisted_on(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with model_server(tools_error=NO_TOOLS["vllm"]) as server:
        async with agent_of(server, backend, tmp_path / "off", tools="off") as running:
            assert (await running.ask("Anyone?")).outcome == "answered"
        assert server.refused == []
        async with agent_of(server, backend, tmp_path / "on", tools="on") as running:
            assert (await running.ask("Anyone?")).outcome == "failed"
    assert set(server.refused) == {NO_TOOLS["vllm"].message}


async def test_the_block_is_data_before_the_question_in_every_shape(tmp_path: Path) -> None:
    for family, template in {"qwen": QWEN, "mistral": MISTRAL, "gemma": GEMMA}.items():
        backend = FakeBackend()
        await remember(backend, FACT, *["noise"] * 20, participant="ben")
        async with (
            model_server(template=template) as server,
            agent_of(server, backend, tmp_path / family, instructions="Be brief.") as running,
        ):
            await running.ask("Hello?")
            await running.ask("Where is the key of the harbour office?", speaker="eve")
        messages = server.asked[-1].messages
        said = "\n\n".join(message["content"] for message in messages[1:])
        assert messages[-1]["role"] == "user"
        assert said.endswith('[user "eve"] Where is the key of the harbour office?')
        block = said[said.index("<recalled_messages ") : said.index("</recalled_messages ")]
        assert f'user "ben":\n> {FACT}' in block
        if family == "gemma":
            assert messages[0]["content"].startswith("<instructions>\nBe brief.\n</instructions>")
        else:
            assert messages[0] == {"role": "system", "content": "Be brief."}


async def test_a_named_shape_is_used_from_the_first_request_on(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with (
        model_server(template=GEMMA) as server,
        agent_of(
            server, backend, tmp_path, prompt_shape="no_system", tools="off", greeting="Hello!"
        ) as running,
    ):
        assert (await running.ask("Anyone?")).outcome == "answered"
    assert server.refused == []
    assert server.asked[0].roles == ["user", "assistant", "user"]


async def test_a_named_shape_is_not_replaced(tmp_path: Path) -> None:
    async with (
        model_server(template=GEMMA) as server,
        agent_of(server, FakeBackend(), tmp_path, prompt_shape="one_system") as running,
    ):
        assert (await running.ask("Anyone?")).outcome == "failed"
    assert all("System role" in message for message in server.refused)


async def test_what_was_looked_up_reaches_a_model_that_refuses_its_form(tmp_path: Path) -> None:
    """It calls a tool, and its template knows no results of tools."""
    backend = FakeBackend()
    await remember(backend, FACT, *["noise"] * 20)
    async with (
        model_server(template=GEMMA, answer=_answer) as server,
        agent_of(server, backend, tmp_path) as running,
    ):
        trace = await running.ask("Can you look it up?")
    assert trace.answer.endswith("It hangs there. ")
    assert server.asked[-1].last.endswith("Can you look it up?")
    assert "You said: Let me see." in server.asked[-1].last
    assert 'search_conversation {"query": "harbour office"}:' in server.asked[-1].last


async def test_a_server_that_counts_no_tokens_is_not_asked_to(tmp_path: Path) -> None:
    async with (
        model_server(takes_usage=False) as server,
        agent_of(server, FakeBackend(), tmp_path) as running,
    ):
        outcomes = [(await running.ask("Anyone?")).outcome for _ in range(2)]
    assert outcomes == ["answered"] * 2
    assert len(server.refused) == 1
    assert server.asked[-1].tools


async def test_what_a_small_context_cannot_hold_is_left_out_once(tmp_path: Path) -> None:
    async with (
        model_server(max_chars=6_000) as server,
        agent_of(server, FakeBackend(), tmp_path) as running,
    ):
        await running.ask("x " * 1_900)
        await running.ask("y " * 1_900)
        trace = await running.ask("And now?")
    assert trace.outcome == "answered"
    assert server.asked[-1].roles == ["system", "user"]
    assert len(server.refused) == 2


async def test_what_no_form_mends_is_not_asked_again_and_again(tmp_path: Path) -> None:
    async with (
        model_server(answer=lambda _: Status(400, "the content is against our policy")) as server,
        agent_of(server, FakeBackend(), tmp_path, llm_retries=0) as running,
    ):
        outcomes = [(await running.ask("Anyone?")).outcome for _ in range(10)]
    assert outcomes == ["failed"] * 10
    assert len(server.asked) < 30


async def test_a_wrong_key_changes_no_form(tmp_path: Path) -> None:
    async with (
        model_server(answer=lambda _: Status(401, "bad key for this tool role")) as server,
        agent_of(server, FakeBackend(), tmp_path, llm_retries=0) as running,
    ):
        await running.ask("Anyone?")
    assert len(server.asked) == 1
    assert json.dumps(server.asked[0].roles) == '["system", "user"]'
