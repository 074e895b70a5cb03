"""One trace goes from the agent through the backend to the stages of its search."""

import subprocess
import sys

import pytest

from testbed.backend_process import BackendProcess
from tests.support.trace_collector import collecting

SECRET = "Zanzibar"
ROOM = "harbour-of-ada"
AGENT = f"""
import asyncio, sys
from datetime import UTC, datetime
from agent.backend_client import BackendClient
from agent.recall.recall import Recall
from agent.recall.query import Asker, RecallLimits
from agent.tracing import flush, span, start_exporting
from retrieval.wire import MessageCreate, SearchRequest

async def main(url):
    client = BackendClient(url, timeout_s=20)
    room = await client.create_room("{ROOM}")
    with span("turn"):
        await client.append_messages(room.conversation_id, [MessageCreate(
            id="m1", role="user", participant="ada", content="We sail to {SECRET} in May.",
            created_at=datetime(2026, 3, 14, tzinfo=UTC))])
        recall = Recall(
            lambda request: client.search_conversation(room.conversation_id, request),
            limits=RecallLimits(timeout_s=20.0),
        )
        with span("recall"):
            await recall.take("Who sails to {SECRET}?", asker=Asker("ada"), exclude=set())
    await client.aclose()

start_exporting()
asyncio.run(main(sys.argv[1]))
flush()
"""


@pytest.mark.timeout(120)
def test_a_turn_is_one_trace_across_both_processes_and_holds_no_text(database_url: str) -> None:
    with collecting() as collector:
        tracing = collector.environment
        with BackendProcess({"DATABASE_URL": database_url, **tracing}) as backend:
            url = backend.url()
            subprocess.run([sys.executable, "-c", AGENT, url], env=tracing, check=True, timeout=60)
            backend.stop()
        spans = list(collector.spans())
    turn = next(span for _, span in spans if span.name == "turn")
    joined = {(service, span.name) for service, span in spans if span.trace_id == turn.trace_id}
    search = "POST /conversations/{conversation_id}/search"
    assert joined >= {
        ("longroom-agent", "recall"),
        ("longroom-agent", "recall search"),
        ("longroom-agent", "backend search"),
        ("longroom-backend", search),
        ("longroom-backend", "search embed"),
        ("longroom-backend", "search candidates"),
        ("longroom-backend", "search rank"),
        ("longroom-backend", "POST /conversations/{conversation_id}/messages"),
    }
    for text in (SECRET, ROOM):
        assert not any(text.encode() in body for body in collector.bodies)
