"""The time that memory adds to a spoken turn: none, the textbook recipe, ours, and that of others.

Replays messages of a room word by word, as from a streaming transcription, against a language model
that answers at once. The textbook recipe is that of LiveKit's documentation: search in
on_user_turn_completed, add the hits to the turn's context.

A turn's `added_ms` is the time from LiveKit's first request for its reply to the language model
request of the reply that was used. Nothing is stored meanwhile: each turn's search is repeated with
the whole text and compared.

Ours and those of others are then asked labelled questions, and their processes are killed: see
benchmarks/turn_peers.py.

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
from benchmarks.evidence import demo_dialogue, read_dialogue
from benchmarks.spoken import Turn
from benchmarks.turn_peers import Comparison, figures, others, ours
from benchmarks.turn_replay import ROOM, Replay
from longroom import demo_room
from longroom.evaluation.questions import Dialogue
from retrieval.wire import (
    MessageCreate,
    MessageId,
    SearchRequest,
)
from testbed.backend_process import BackendProcess
from testbed.postgres import Server, create_database, running_server

DEMO_HISTORY = 190
MODES = ("none", "textbook", "ours")


async def replay(mode: str, turns: Sequence[MessageCreate], url: str, data_dir: Path) -> list[Turn]:
    session = Replay(mode, url, data_dir / mode / uuid4().hex)
    await session.open()
    try:
        return [await session.turn(message) for message in turns]
    finally:
        await session.aclose()


def our_figures(turns: Sequence[Turn]) -> dict[str, Any]:
    result = figures(turns)
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


async def measure(
    arguments: argparse.Namespace, url: str, data_dir: Path, postgres: Server
) -> dict[str, Any]:
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
        result[mode] = our_figures([turn for part in done for turn in part])
        print(f"{mode}: {result[mode]}", file=sys.stderr)
    if arguments.without_peers:
        return result
    comparison = Comparison(
        history,
        turns,
        arguments.sessions,
        _dialogue(arguments),
        arguments.kills,
        arguments.kill_after,
    )
    result["ours"] |= await ours(comparison, backend=url, folder=data_dir / "peers")
    rows, not_run = await others(comparison, postgres)
    return result | rows | {"not_run": not_run}


def _dialogue(arguments: argparse.Namespace) -> Dialogue:
    if arguments.evidence is None:
        return demo_dialogue(DEMO_HISTORY)
    return read_dialogue(arguments.evidence, arguments.questions)


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name, running_server() as postgres:
        database = postgres.database_url(await create_database(postgres))
        with BackendProcess({"DATABASE_URL": database}) as backend:
            print(json.dumps(await measure(arguments, backend.url(), Path(name), postgres)))


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
    parser.add_argument(
        "--evidence",
        type=Path,
        help="a labelled data set, as bench-recall reads it, of which the first conversation is"
        " asked about (default: the demo room)",
    )
    parser.add_argument("--questions", type=int, default=60, help="of it, to ask")
    parser.add_argument("--kills", type=int, default=3, help="of each memory's process")
    parser.add_argument("--kill-after", type=float, default=0.1, help="seconds, when handed all")
    parser.add_argument("--without-peers", action="store_true", help="none, textbook and ours only")
    asyncio.run(main(parser.parse_args()))
