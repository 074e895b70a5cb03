"""The OpenAI Agents SDK with our session: its real runner, a scripted model, a real backend."""

import secrets
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from agents import Agent, Model, ModelResponse, RunConfig, Runner, Session, Usage, function_tool
from agents.items import TResponseInputItem, TResponseOutputItem
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

from longroom.client import LongroomClient
from longroom.integrations.openai_agents import LongroomSession, RecallFilter
from tests.support.backend_under_test import BackendUnderTest


class ScriptedModel(Model):
    """Gives the outputs one after the other, and keeps the inputs."""

    def __init__(self, *outputs: TResponseOutputItem) -> None:
        self._outputs = list(outputs)
        self.inputs: list[list[dict[str, Any]]] = []

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        given = kwargs["input"] if "input" in kwargs else args[1]
        self.inputs.append([{**item} for item in given])
        return ModelResponse(output=[self._outputs.pop(0)], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


def _says(text: str) -> TResponseOutputItem:
    part = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id=f"msg_{secrets.token_hex(4)}",
        type="message",
        role="assistant",
        status="completed",
        content=[part],
    )


@function_tool
def gate_code(gate: str) -> str:
    """The code of a gate."""
    return f"The {gate} gate opens with 7741."


@pytest.fixture
async def longroom(clients_backend: BackendUnderTest) -> AsyncIterator[LongroomClient]:
    key = clients_backend.key
    async with LongroomClient(clients_backend.url, key=key, timeout_s=30) as client:
        yield client


@pytest.fixture
def session_id() -> str:
    return f"session {secrets.token_hex(4)}"


async def _run(model: Model, said: str, session: LongroomSession, **config: Any) -> str:
    agent = Agent(name="concierge", model=model, tools=[gate_code])
    result = await Runner.run(
        agent, said, session=session, run_config=RunConfig(tracing_disabled=True, **config)
    )
    return str(result.final_output)


def _texts(items: list[dict[str, Any]]) -> list[str]:
    contents = [item.get("content", item.get("output", item.get("arguments"))) for item in items]
    return [one[0]["text"] if isinstance(one, list) else str(one) for one in contents]


async def test_it_is_a_session(longroom: LongroomClient, session_id: str) -> None:
    assert isinstance(LongroomSession(session_id, longroom), Session)


async def test_the_next_run_sees_the_last_one_in_another_process_too(
    longroom: LongroomClient, session_id: str
) -> None:
    await _run(ScriptedModel(_says("Noted.")), "I am Ada.", LongroomSession(session_id, longroom))
    model = ScriptedModel(_says("You are Ada."))

    answer = await _run(model, "Who am I?", LongroomSession(session_id, longroom))

    assert answer == "You are Ada."
    assert _texts(model.inputs[0]) == ["I am Ada.", "Noted.", "Who am I?"]


async def test_calls_of_tools_come_back_as_they_were(
    longroom: LongroomClient, session_id: str
) -> None:
    call = ResponseFunctionToolCall(
        type="function_call", name="gate_code", call_id="call_1", arguments='{"gate": "north"}'
    )
    session = LongroomSession(session_id, longroom)
    first = ScriptedModel(call, _says("7741."))
    await _run(first, "What opens the north gate?", session)
    second = ScriptedModel(_says("As I said."))
    await _run(second, "Again?", LongroomSession(session_id, longroom))

    assert second.inputs[0][:3] == first.inputs[1]
    kinds = [item.get("type", "message") for item in second.inputs[0]]
    assert kinds == ["message", "function_call", "function_call_output", "message", "message"]


async def test_what_lies_before_the_window_is_recalled_for_its_question_only(
    longroom: LongroomClient, session_id: str
) -> None:
    session = LongroomSession(session_id, longroom, window=4)
    facts = ["Parcels for Hal go to the red boathouse.", *(f"Small talk {n}." for n in range(9))]
    await session.add_items([_user(fact) for fact in facts])
    model = ScriptedModel(_says("To the red boathouse."))

    await _run(
        model,
        "Where do parcels for Hal go?",
        session,
        call_model_input_filter=RecallFilter(session, timeout_s=20),
    )

    *window, recalled, question = model.inputs[0]
    assert _texts(window) == [f"Small talk {n}." for n in range(5, 9)]
    assert 'user "user":\n> Parcels for Hal go to the red boathouse.' in recalled["content"]
    assert recalled["role"] == "user"
    assert recalled["content"].count("Where do parcels") == 0
    assert question["content"] == "Where do parcels for Hal go?"
    stored = await LongroomSession(session_id, longroom).get_items()
    assert not any("recalled_messages" in str(item) for item in stored)


async def test_a_memory_that_is_away_costs_recall_and_not_the_answer(
    longroom: LongroomClient, session_id: str
) -> None:
    session = LongroomSession(session_id, longroom)
    model = ScriptedModel(_says("I do not know."))

    answer = await _run(
        model,
        "Where do parcels go?",
        session,
        call_model_input_filter=RecallFilter(session, timeout_s=0.0),
    )

    assert answer == "I do not know."
    assert len(model.inputs[0]) == 1


async def test_what_is_popped_or_cleared_is_in_no_later_run(
    longroom: LongroomClient, session_id: str
) -> None:
    session = LongroomSession(session_id, longroom)
    await session.add_items([_user(text) for text in ("one", "two", "three")])

    assert await session.pop_item() == _user("three")
    again = LongroomSession(session_id, longroom)
    assert await again.get_items() == [_user("one"), _user("two")]
    assert await again.get_items(limit=1) == [_user("two")]
    await again.clear_session()
    assert await session.get_items() == []
    assert await session.pop_item() is None
    await session.add_items([_user("four")])
    assert await again.get_items() == [_user("four")]


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": "  "},
        {"role": "user", "content": [{"type": "input_image", "image_url": "https://a.example/b"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "function_call", "name": "f", "call_id": "c", "arguments": "x" * 9_000},
        {"type": "function_call_output", "call_id": "c", "output": ""},
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Hello.", "provider_data": {"n": 2**70, "long": "x" * 5_000}},
    ],
)
async def test_every_kind_of_item_comes_back_as_it_was(
    longroom: LongroomClient, session_id: str, item: dict[str, Any]
) -> None:
    session = LongroomSession(session_id, longroom)
    given = cast("TResponseInputItem", item)

    await session.add_items([given])

    assert await session.get_items() == [given]


async def test_a_text_that_is_longer_than_a_message_is_cut_and_says_so(
    longroom: LongroomClient, session_id: str
) -> None:
    session = LongroomSession(session_id, longroom)

    await session.add_items([_user("word " * 20_000)])

    (item,) = await session.get_items()
    content = cast("dict[str, str]", item)["content"]
    assert content.startswith("word word")
    assert content.endswith("… (cut)")


def _user(text: str) -> TResponseInputItem:
    return {"role": "user", "content": text}
