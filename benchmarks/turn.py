"""The time that memory adds to a spoken turn: none, the textbook recipe, and ours.

Replays messages of a room word by word, as from a streaming transcription, against a language model
that answers at once. The textbook recipe is that of LiveKit's documentation: search in
on_user_turn_completed, add the hits to the turn's context.

A turn's `added_ms` is the time from LiveKit's first request for its reply to the language model
request of the reply that was used. Nothing is stored meanwhile: each turn's search is repeated with
the whole text and compared.

Prints progress on standard error and one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import gzip
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from agent.backend_client import BackendClient
from benchmarks.turn_replay import ROOM, Replay, Turn
from longroom import demo_room
from retrieval.wire import (
    MessageCreate,
    MessageId,
    SearchRequest,
)
from testbed.backend_process import BackendProcess
from testbed.postgres import create_database, running_server

DEMO_HISTORY = 190
MODES = ("none", "textbook", "ours")


async def replay(mode: str, turns: Sequence[MessageCreate], url: str, data_dir: Path) -> list[Turn]:
    session = Replay(mode, url, data_dir / mode / uuid4().hex)
    await session.open()
    try:
        return [await session.turn(message) for message in turns]
    finally:
        await session.aclose()


def figures(turns: Sequence[Turn]) -> dict[str, Any]:
    added = np.percentile([turn.added_ms for turn in turns], [50, 95, 99])
    kept = [turn.llm_calls == 1 for turn in turns]
    result: dict[str, Any] = {
        "turns": len(turns),
        "added_ms": dict(zip(("p50", "p95", "p99"), added.round(2).tolist(), strict=True)),
        "preemptive_kept_share": round(float(np.mean(kept)), 4),
        "llm_calls_per_turn": round(float(np.mean([turn.llm_calls for turn in turns])), 3),
    }
    compared = [turn for turn in turns if turn.same_top is not None]
    if compared:
        spoken = [turn.source == "speculation" and bool(turn.same_top) for turn in compared]
        result["same_top10_share"] = round(float(np.mean(spoken)), 4)
        result["speculation_share"] = round(
            float(np.mean([turn.source == "speculation" for turn in compared])), 4
        )
    return result


def split(
    messages: Iterable[MessageCreate], *, history: int, turns: int
) -> tuple[list[MessageCreate], list[MessageCreate]]:
    """History, and the user messages after it that are short enough to be spoken."""
    ahead = iter(messages)
    remembered = list(islice(ahead, history))
    spoken = (m for m in ahead if m.role == "user" and 4 <= len(m.content.split()) <= 20)
    return remembered, list(islice(spoken, turns))


def read_room(path: Path) -> Iterator[MessageCreate]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for number, line in enumerate(lines):
            yield _message(json.loads(line), number)


def _message(row: dict[str, Any], number: int) -> MessageCreate:
    return MessageCreate(
        id=MessageId(row.get("id") or f"line-{number}"),
        role=row.get("role", "user"),
        participant=row["participant"],
        content=row["content"],
        created_at=datetime.fromisoformat(row["created_at"]).astimezone(UTC),
    )


async def fill(url: str, messages: Sequence[MessageCreate]) -> None:
    """Returns once the history is embedded."""
    client = BackendClient(url, timeout_s=120)
    room = await client.create_room(ROOM)
    for start in range(0, len(messages), 500):
        await client.append_messages(room.conversation_id, messages[start : start + 500])
    while True:
        request = SearchRequest(query="anything at all")
        found = await client.search_conversation(room.conversation_id, request)
        # The newest message stays pending until the next one comes.
        if found.pending <= 1:
            break
        print(f"{found.pending} messages pending", file=sys.stderr)
        await asyncio.sleep(2)
    await client.aclose()


async def measure(arguments: argparse.Namespace, url: str, data_dir: Path) -> dict[str, Any]:
    messages = read_room(arguments.data) if arguments.data else demo_room.messages()
    size = arguments.history if arguments.data else DEMO_HISTORY
    history, turns = split(messages, history=size, turns=arguments.turns)
    await fill(url, history)
    result: dict[str, Any] = {"history": len(history)}
    for mode in MODES:
        shares = [turns[n :: arguments.sessions] for n in range(arguments.sessions)]
        done = await asyncio.gather(
            *(replay(mode, share, url, data_dir) for share in shares if share)
        )
        result[mode] = figures([turn for part in done for turn in part])
        print(f"{mode}: {result[mode]}", file=sys.stderr)
    return result


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name, running_server() as postgres:
        database = postgres.database_url(await create_database(postgres))
        with BackendProcess({"DATABASE_URL": database}) as backend:
            print(json.dumps(await measure(arguments, backend.url(), Path(name))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        help="a room as JSONL, as `longroom import` reads it (default: the demo room)",
    )
    parser.add_argument("--history", type=int, default=5_000, help="messages to remember")
    parser.add_argument("--turns", type=int, default=120, help="messages after them to replay")
    parser.add_argument("--sessions", type=int, default=6, help="people who talk at once")
    asyncio.run(main(parser.parse_args()))
