"""The ways to erase, with a backend that is killed in the middle of some."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from benchmarks.erase.installation import Installation
from benchmarks.erase.live_rooms import LiveRooms
from benchmarks.erase.scene import KILLED, WHOLE, Scene
from longroom.client import BackendError
from retrieval.database.connection import open_connection
from retrieval.wire import ErasureReceipt

BETTER = "It is said that this is here."
RULES = [
    {
        "rooms": "retention*",
        "messages_days": 90,
        "events_days": 30,
        "sessions_days": 60,
        "traces_days": 60,
    },
]
WAIT_S = 120.0

BEGUN = """
select exists (select from erased_message where conversation_id = $1)
       or coalesce((select erased from conversation where conversation_id = $1), true)
"""
SOME_EXPIRED = """
select exists (select from conversation where expiring)
"""
ALL_EXPIRED = """
select not exists (select from message where created_at < now() - interval '90 days')
   and not exists (select from conversation_event where created_at < now() - interval '30 days')
   and not exists (select from session where ended_at < now() - interval '60 days')
   and not exists (select from turn_trace where asked_at < now() - interval '60 days')
   and not exists (select from conversation where expiring)
"""
ALL_EMBEDDED = """
select not exists (select from embedding_job where failure is null)
"""


async def erase_scene(one: Installation, scene: Scene) -> None:
    """Not by retention, which erases all of them together."""
    erase = _WAYS.get(scene.way)
    if erase is not None:
        await erase(one, scene)


async def _messages(one: Installation, scene: Scene) -> None:
    for message in scene.said:
        await _whole(one, one.client.erase_message, scene.conversation_id, message.id)


async def _corrections(one: Installation, scene: Scene) -> None:
    for message in scene.said:
        await one.client.correct_message(scene.conversation_id, message.id, BETTER, metadata={})


async def _everywhere(one: Installation, scene: Scene) -> None:
    await _whole(one, one.client.erase_participant, scene.person)


async def _participant(one: Installation, scene: Scene) -> None:
    _by_command(one, "participant", scene.person, "--room", scene.name)


async def _conversation(one: Installation, scene: Scene) -> None:
    assert scene.key is not None
    _by_command(one, "conversation", "--conversation", scene.key)


def _by_command(one: Installation, *words: str) -> None:
    told = one.command("erase", *words, "--yes", "--json")
    one.receipts.append(told)


async def _whole(
    one: Installation, erase: Callable[..., Awaitable[ErasureReceipt]], *what: object
) -> None:
    while True:
        receipt = await erase(*what)
        one.receipts.append(receipt.model_dump_json())
        if receipt.complete:
            return


async def _killed_amid(one: Installation, scene: Scene) -> None:
    """When something is gone; then begun again by the next backend."""

    async def erase() -> ErasureReceipt:
        if scene.way in WHOLE:
            return await one.client.erase_conversation(scene.conversation_id)
        return await one.client.erase_participant(
            scene.person, conversation_id=scene.conversation_id
        )

    erasing = asyncio.create_task(erase())
    await _until(one, BEGUN, scene.conversation_id)
    await one.kill_backend()
    with suppress(BackendError):
        await erasing
    await one.start_backend()
    await _whole(one, erase)


_WAYS = {
    "message": _messages,
    "participant": _participant,
    "everywhere": _everywhere,
    "conversation": _conversation,
    "correction": _corrections,
    **dict.fromkeys(KILLED, _killed_amid),
}


async def retain(one: Installation) -> None:
    """By the backend's rules; it is killed when it has begun."""
    await one.kill_backend()
    await one.start_backend(BACKEND_RETENTION=json.dumps(RULES), BACKEND_RETENTION_INTERVAL_S="1")
    await _until(one, SOME_EXPIRED)
    await one.kill_backend()
    await one.start_backend()
    await _until(one, ALL_EXPIRED)


async def embedded(one: Installation) -> None:
    """Returns when every message has its vectors."""
    await _until(one, ALL_EMBEDDED, timeout_s=600)


async def _until(
    one: Installation, condition: str, *values: object, timeout_s: float = WAIT_S
) -> None:
    connection = await open_connection(one.database_url)
    try:
        async with asyncio.timeout(timeout_s):
            while not await connection.fetchval(condition, *values):  # noqa: ASYNC110  # of others
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def erase_live(one: Installation, live: LiveRooms) -> None:
    """Of windows, of a whole conversation, and what has not arrived yet."""
    for id_ in live.window.erased:
        await _whole(one, one.client.erase_message, live.window.conversation_id, id_)
    await _whole(one, one.client.erase_conversation, live.left.conversation_id)
    for room in (live.cut_off, live.killed):
        bob = next(user.identity for user in room.users if user.identity != "carol")
        erase = partial(one.client.erase_participant, conversation_id=room.conversation_id)
        await _whole(one, erase, bob)
    live.restore()


FAIL = """
insert into embedding_job (conversation_id, model_id, seq, leased_until, attempts, failure)
select $1, model_id, $2, 'infinity', 1, $3 from embedding_model limit 1
"""


async def fail_embedding(one: Installation, scene: Scene, failure: str) -> None:
    """As if an embedder had quoted what it refused."""
    connection = await open_connection(one.database_url)
    try:
        await connection.execute(FAIL, scene.conversation_id, scene.seqs[0], failure)
    finally:
        await connection.close()
