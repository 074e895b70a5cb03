"""Memory and processor time of an agent over thousands of typed turns: ours and a stock agent.

Ours is the whole agent with recall, rolling window and outbox, on a stub backend that keeps
nothing. Each agent runs in its own process; the language model answers at once. Last, the memory of
eight text rooms of a worker on a real LiveKit server.

Prints progress on standard error and one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
import psutil
from livekit.agents import Agent, AgentSession

from agent.backend_client import BackendClient
from agent.conversation.resume import resume
from agent.conversation.wiring import People, build_conversation
from agent.messages.question import Question
from agent.recall.query import Asker
from agent.settings import AgentSettings
from agent.warmup.process_memory import collect_often, use_one_arena
from benchmarks.rooms import weigh_text_rooms
from retrieval.wire import MessageId
from testbed.scripted_llm import ScriptedLLM

MODES = ("stock", "ours")
ANSWER = "That is noted, and here is an answer of about the usual length for a support room."
CONVERSATION = UUID("6f1f5f64-6a5b-4a5e-9d3c-0c1f6f4f2b7a")
SAMPLES = 50
ROOMS = 8
TURNS_BEFORE_SECOND_WEIGHING = 30

Ask = Callable[[str], Awaitable[None]]


class UnrecordedLLM(ScriptedLLM):
    """Records no prompts: their list would grow."""

    def chat(self, **arguments: Any) -> Any:
        stream = super().chat(**arguments)
        self.prompts.clear()
        return stream

    def next_answer(self, chat_ctx: Any) -> str:
        return ANSWER


def stub_backend(request: httpx.Request) -> httpx.Response:
    """Accepts everything, keeps nothing, and finds one message per search."""
    match request.url.path.rsplit("/", 1)[-1]:
        case "agent-joined":
            body: dict[str, Any] = {
                "conversation_id": str(CONVERSATION),
                "room": "flat",
                "message_count": 0,
                "window": [],
            }
        case "messages":
            ids = [message["id"] for message in json.loads(request.content)["messages"]]
            body = {"outcomes": [{"id": id_, "seq": 1, "status": "stored"} for id_ in ids]}
        case "search":
            body = _search_response()
        case "events":
            body = {"recorded": 1}
        case _:
            body = {}
    return httpx.Response(200, json=body)


def _search_response() -> dict[str, Any]:
    message = {
        "id": "old",
        "seq": 1,
        "role": "user",
        "participant": "alice",
        "content": "An old message that may bear on the question, of an ordinary length.",
        "created_at": "2026-01-01T00:00:00Z",
    }
    return {
        "hits": [{"message": message, "score": 1.0, "found_by": ["vector"]}],
        "relevant": True,
        "confidence": 1.0,
        "message_count": 100_000,
        "pending": 0,
        "model": "none",
        "timings": {"embed_ms": 0, "candidates_ms": 0, "total_ms": 0},
    }


async def open_stock(stack: AsyncExitStack) -> Ask:
    session: AgentSession[Any] = AgentSession(
        llm=UnrecordedLLM(), vad=None, turn_handling={"turn_detection": "manual"}
    )
    await session.start(Agent(instructions="Answer."))
    stack.push_async_callback(session.aclose)

    async def ask(text: str) -> None:
        await session.generate_reply(user_input=text)

    return ask


async def open_ours(stack: AsyncExitStack) -> Ask:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    settings = AgentSettings(data_dir=Path(folder), greeting="", welcome_back="", farewell="")
    client = BackendClient("http://backend", transport=httpx.MockTransport(stub_backend))
    stack.push_async_callback(client.aclose)
    resumed = await resume(client, settings, room="flat", identity="agent", session_id="s")
    session: AgentSession[Any] = AgentSession(
        llm=UnrecordedLLM(),
        vad=None,
        turn_handling={"turn_detection": "manual"},
        user_away_timeout=None,
    )
    people = People("agent", lambda _: Asker("alice"))
    agent = build_conversation(
        settings, client=client, resumed=resumed, session=session, people=people
    )
    await agent.start(Agent(instructions=settings.instructions))
    stack.push_async_callback(agent.close)

    async def ask(text: str) -> None:
        await agent.ask(Question(MessageId(uuid4().hex), "alice", text, datetime.now(UTC)))

    return ask


async def measure(mode: str, turns: int) -> dict[str, Any]:
    process = psutil.Process()
    sizes: list[tuple[int, float, float, int]] = []
    cpu_ms = np.zeros(turns)  # allocated now: a growing list would count as growth
    async with AsyncExitStack() as stack:
        ask = await (open_ours(stack) if mode == "ours" else open_stock(stack))
        # As in a job process, whose parent LiveKit froze.
        gc.collect()
        gc.freeze()
        if mode == "ours":
            collect_often()
        for turn in range(turns):
            before = time.process_time()
            await ask(f"Question {turn}: what was said about subject {turn % 97}?")
            cpu_ms[turn] = (time.process_time() - before) * 1000
            if turn % max(1, turns // SAMPLES) == 0:
                gc.collect()  # garbage is no growth
                memory = process.memory_full_info()
                sizes.append((turn, memory.rss / 1024, memory.pss / 1024, sys.getallocatedblocks()))
    # The first fifth is warm-up: bounded stores fill up, allocators reach their size.
    warm = np.array(sizes)[len(sizes) // 5 :]
    last_half = np.array(sizes)[len(sizes) // 2 :]
    return {
        "turns": turns,
        "rss_growth_kb_per_1000_turns": _slope(warm[:, 0], warm[:, 1]),
        "rss_growth_kb_per_1000_turns_last_half": _slope(last_half[:, 0], last_half[:, 1]),
        "pss_growth_kb_per_1000_turns": _slope(warm[:, 0], warm[:, 2]),
        # Python's objects without memory that allocators keep: growth here is a leak.
        "live_blocks": int(warm[-1, 3]),
        "live_blocks_growth_per_1000_turns": _slope(warm[:, 0], warm[:, 3]),
        "cpu_ms_first_100": round(float(np.mean(cpu_ms[:100])), 2),
        "cpu_ms_last_100": round(float(np.mean(cpu_ms[-100:])), 2),
        "rss_mb_last": round(sizes[-1][1] / 1024, 1),
    }


def _slope(turns: Any, kilobytes: Any) -> float:
    return round(float(np.polyfit(turns, kilobytes, 1)[0]) * 1000, 1)


def main(arguments: argparse.Namespace) -> None:
    if arguments.mode:
        print(json.dumps(asyncio.run(measure(arguments.mode, arguments.turns))))
        return
    result: dict[str, Any] = {}
    for mode in MODES:
        # Each turn of the stock agent costs more than the last: fewer show the trend.
        turns = arguments.turns if mode == "ours" else min(arguments.turns, arguments.stock_turns)
        command = [sys.executable, "-m", "benchmarks.agent", "--mode", mode, "--turns", str(turns)]
        if mode == "ours":
            use_one_arena()  # as our worker does for its job processes
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        result[mode] = json.loads(output.splitlines()[-1])
        print(f"{mode}: {result[mode]}", file=sys.stderr)
    weights = asyncio.run(weigh_text_rooms(ROOMS, after_turns=(3, TURNS_BEFORE_SECOND_WEIGHING)))
    result["ours"]["private_mb_per_room"] = weights[0]["private_mb_per_room"]
    after = f"private_mb_per_room_after_{TURNS_BEFORE_SECOND_WEIGHING}_turns"
    result["ours"][after] = weights[1]["private_mb_per_room"]
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--stock-turns", type=int, default=2_000)
    parser.add_argument("--mode", choices=MODES, help="run one, in this process")
    main(parser.parse_args())
