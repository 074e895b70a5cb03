"""Feeds Longroom from the outbox of `outbox.sql`: `python -m examples.own_postgresql.feed`.

FEED_DATABASE_URL is your database, BACKEND_URL and BACKEND_SERVICE_KEY are the backend's. An entry
goes when the backend has acknowledged it, so that a killed feed tells the same once more, which
changes nothing: Longroom stores each id once. An entry names a message and does not quote it; what
is told is how the message reads now, or that it is gone. Of several feeds one works at a time.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
from pydantic import ValidationError

from longroom.client import (
    CREDENTIALS_REFUSED,
    DEFAULT_URL,
    BackendError,
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    ConversationClient,
    LongroomClient,
    MessageCreate,
)

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

POLL_S = 0.5
RETRY_S = 2.0
BATCH = 500
LOCK_KEY = 7_203_114_906  # any number that no other program of yours locks

log = logging.getLogger("feed")


@dataclass(frozen=True)
class Entry:
    """`content` is None if the message is no longer in the conversation."""

    position: int
    conversation: str
    message_id: str
    edited: bool
    role: Any
    participant: str | None
    content: str | None
    created_at: datetime | None


# Lateral: a look into the index of your table for each entry, however many messages it has.
READ = """
select outbox.position, outbox.conversation, outbox.message_id::text, outbox.edited,
       message.role, message.participant, message.content, message.created_at
  from (select * from longroom_outbox where refused is null order by position limit $1) outbox
  left join lateral (
        select * from longroom_messages
         where id = outbox.message_id and conversation = outbox.conversation) message on true
 order by outbox.position
"""

DELIVERED = """
delete from longroom_outbox where position = any($1) and refused is null
"""


async def feed(database: "Connection", longroom: LongroomClient) -> int:
    """Tells what the outbox has, at most BATCH entries; how many these were.

    Raises BackendError if the backend does not answer or refuses the key: then what it has not
    acknowledged stays.
    """
    entries = [Entry(*row) for row in await database.fetch(READ, BATCH)]
    told: dict[str, list[Entry]] = {}
    for entry in entries:
        told.setdefault(entry.conversation, []).append(entry)
    for key, group in told.items():
        await deliver(database, longroom, key, group)
        await database.execute(DELIVERED, [entry.position for entry in group])
    return len(entries)


async def deliver(
    database: "Connection", longroom: LongroomClient, key: str, entries: Sequence[Entry]
) -> None:
    """New messages in one request; one by one what is left, or if the backend refuses these."""
    fresh = [entry for entry in entries if entry.content is not None and not entry.edited]
    rest = [entry for entry in entries if entry.content is None or entry.edited]
    try:
        if fresh:
            conversation = await longroom.conversation(key)
            await conversation.append_all([message_of(entry) for entry in fresh])
    except (BackendRejected, ValueError):
        rest = list(entries)
    for entry in rest:
        try:
            await tell(await longroom.conversation(key), entry)
        except (BackendRejected, ValueError) as refusal:
            await set_aside(database, entry, refusal)


async def tell(conversation: ConversationClient, entry: Entry) -> None:
    """May be repeated. Raises BackendRejected and ValueError for what will never be taken."""
    try:
        if entry.content is None:
            while not (await conversation.erase_message(entry.message_id)).complete:
                pass
        elif entry.edited:
            await conversation.correct(entry.message_id, entry.content)
        else:
            await conversation.append_all([message_of(entry)])
    except BackendRejected as refusal:
        if refusal.is_erased or (refusal.status == 404 and entry.content is None):
            return  # gone there already
        if refusal.status == 404 and entry.edited:
            await conversation.append_all([message_of(entry)])
        elif refusal.status == 409 and entry.content is not None:
            await conversation.correct(entry.message_id, entry.content)
        else:
            raise


def message_of(entry: Entry) -> MessageCreate:
    """Raises ValueError for what no backend takes, such as an empty text."""
    return MessageCreate.model_validate(
        {
            "id": entry.message_id,
            "role": entry.role,
            "participant": entry.participant,
            "content": entry.content,
            "created_at": entry.created_at,
        }
    )


SET_ASIDE = """
update longroom_outbox set refused = $2 where position = $1
"""


async def set_aside(
    database: "Connection", entry: Entry, refusal: BackendRejected | ValueError
) -> None:
    """One message must not keep back all others. Raises the refusal if the key is what is wrong."""
    if isinstance(refusal, BackendRejected) and refusal.status in CREDENTIALS_REFUSED:
        raise refusal
    await database.execute(SET_ASIDE, entry.position, reason_of(refusal))
    log.warning("entry %d of the outbox is refused; its column says why", entry.position)


def reason_of(refusal: BackendRejected | ValueError) -> str:
    """Without the text of the message, which ValidationError quotes."""
    if not isinstance(refusal, ValidationError):
        return str(refusal)
    return "; ".join(f"{'.'.join(map(str, at['loc']))}: {at['msg']}" for at in refusal.errors())


LOCK = """
select pg_advisory_lock($1)
"""


async def run(database_url: str, longroom: LongroomClient, *, once: bool) -> None:
    """Until it is stopped; `once`: until the outbox is empty. Raises BackendRejected."""
    database = await asyncpg.connect(database_url)
    try:
        await database.execute(LOCK, LOCK_KEY)
        log.info("feeding")
        while True:
            try:
                told = await feed(database, longroom)
            except (BackendUnavailable, BackendProtocolError) as error:
                log.warning("%s; trying again", error)
                await asyncio.sleep(RETRY_S)
                continue
            if told:
                log.info("told of %d", told)
            elif once:
                return
            else:
                await asyncio.sleep(POLL_S)
    finally:
        await database.close()


async def main(database_url: str, *, once: bool) -> None:
    url = os.environ.get("BACKEND_URL") or DEFAULT_URL
    async with LongroomClient(url, key=os.environ.get("BACKEND_SERVICE_KEY")) as longroom:
        await run(database_url, longroom, once=once)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when the outbox is empty")
    options = parser.parse_args()
    if "FEED_DATABASE_URL" not in os.environ:
        parser.error("set FEED_DATABASE_URL")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    try:
        asyncio.run(main(os.environ["FEED_DATABASE_URL"], once=options.once))
    except (BackendError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        sys.exit(f"feed: {error}")  # what starts it should start it again
