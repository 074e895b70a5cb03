"""Traces of a real room: the job process's turn and the backend's search are one."""

import asyncio

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from retrieval.private_logs import digest
from testbed.backend_process import BackendProcess
from testbed.livekit_stack import REGISTERED, Stack
from tests.support.trace_collector import Collector, collecting

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "Zanzibar"
OURS = {"turn", "recall", "recall search", "backend search", "outbox delivery"}
SEARCH = "POST /conversations/{conversation_id}/search"


async def test_a_turn_in_a_room_and_its_search_in_the_backend_are_one_trace_without_text(
    stack: Stack,
) -> None:
    with collecting() as collector:
        environment = {"DATABASE_URL": stack.database_url, **collector.environment}
        with BackendProcess(environment) as backend:
            settings = {"LIVEKIT_AGENT_NAME": "traced", "BACKEND_URL": backend.url()}
            worker = stack.another_worker("traced", settings | collector.environment)
            await asyncio.to_thread(worker.start, until=REGISTERED)
            room, alice = await stack.join_with("traced")
            await alice.ask(f"We sail to {SECRET} in May.")
            turn = await alice.ask(f"Who sails to {SECRET}?")
            await alice.leave()
            worker.terminate()
            assert await asyncio.to_thread(worker.wait) == 0
            backend.stop()
    assert_joined(collector, digest(turn.question_id))
    assert not any(SECRET.encode() in body for body in collector.bodies)
    # The spans of ours hold no paths, in which rooms are named, and nobody's name.
    spans = [str(span) for _, span in collector.spans() if span.name in OURS or "/" in span.name]
    assert len(spans) >= len(OURS)
    for chosen in (room, "alice", turn.question_id):
        assert not any(chosen in span for span in spans)
    assert digest(room) in worker.output
    for chosen in (SECRET, room, "alice", turn.question_id):
        assert chosen not in worker.output


def assert_joined(collector: Collector, question_id: str) -> None:
    """From the search's stages upwards, each span is in the one before."""
    spans = list(collector.spans())
    turn = next(span for _, span in spans if attributes(span).get("question_id") == question_id)
    assert (turn.name, attributes(turn)["outcome"]) == ("turn", "answered")
    mine = {span.span_id: (service, span) for service, span in spans if same_trace(span, turn)}
    span = next(span for _, span in mine.values() if span.name == "search candidates")
    parents = []
    while span.parent_span_id in mine:
        service, span = mine[span.parent_span_id]
        parents.append((service, span.name))
    assert parents == [
        ("longroom-backend", SEARCH),
        ("longroom-agent", "backend search"),
        ("longroom-agent", "recall search"),
        ("longroom-agent", "recall"),
        ("longroom-agent", "turn"),
    ]
    # LiveKit's trace is the session's; the turn names it.
    assert (turn.parent_span_id, len(turn.links)) == (b"", 1)


def same_trace(span: Span, other: Span) -> bool:
    return bool(span.trace_id == other.trace_id)


def attributes(span: Span) -> dict[str, str]:
    """Ours, without their prefix."""
    return {a.key.removeprefix("longroom."): a.value.string_value for a in span.attributes}
