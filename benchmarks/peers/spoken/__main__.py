"""`python -m benchmarks.peers.spoken MEMORY STEP`: a job on standard input, its outcome as JSON.

Steps: `turns` remembers and is spoken to, `ask` remembers and is asked, `hand` gets exchanges and
writes a line for each until it is killed, `stored` tells what there is.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

from benchmarks.peers.spoken.memory import Job, Memory
from benchmarks.spoken import SpokenSession, Turn

MEMORIES = {
    "ours": "benchmarks.peers.spoken.longroom_memory",
    "voicemem": "benchmarks.peers.spoken.voicemem",
    "hindsight": "benchmarks.peers.spoken.hindsight",
}
OUTCOME = "outcome "
HANDED = "handed"


async def turns(memory: Memory, job: Job) -> Any:
    await memory.remember(job.exchanges)
    shares = [job.turns[n :: job.sessions] for n in range(job.sessions)]
    done = await asyncio.gather(*(_converse(memory, share) for share in shares if share))
    return [[turn.added_ms, turn.llm_calls] for part in done for turn in part]


async def ask(memory: Memory, job: Job) -> Any:
    await memory.remember(job.exchanges)
    return [await memory.first_ten(question) for question in job.questions]


async def hand(memory: Memory, job: Job) -> Any:
    for exchange in job.exchanges:
        await asyncio.sleep(job.pause_s)
        await memory.hand(exchange)
        print(HANDED, flush=True)
    await asyncio.Event().wait()  # to be killed


async def stored(memory: Memory, job: Job) -> Any:
    return await memory.stored()


STEPS: Mapping[str, Callable[[Memory, Job], Awaitable[Any]]] = {
    "turns": turns,
    "ask": ask,
    "hand": hand,
    "stored": stored,
}


async def _converse(memory: Memory, texts: Any) -> list[Turn]:
    spoken = SpokenSession(preemptive=memory.preemptive)
    await spoken.session.start(memory.join(spoken))
    try:
        return [await spoken.say(text) for text in texts]
    finally:
        await spoken.session.aclose()


async def main(name: str, step: str) -> None:
    job = Job.from_json(sys.stdin.read())
    memory: Memory = await import_module(MEMORIES[name]).open_memory(job)
    try:
        outcome = await STEPS[step](memory, job)
    finally:
        await memory.aclose()
    print(OUTCOME + json.dumps({"version": memory.version, "outcome": outcome}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
