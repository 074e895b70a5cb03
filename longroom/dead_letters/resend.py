"""Sends dead letters to the backend once more, and removes those that it takes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid5

from agent.outbox.delivery import deliver
from agent.outbox.storage.entry import Entry
from longroom.client import CREDENTIALS_REFUSED, BackendRejected, LongroomClient
from longroom.dead_letters.collection import FoundLetter, remove_letters

NO_TEXT = "its text was deleted when the conversation was erased"
UNREADABLE = "it is not readable as this program's wire type; `longroom dead-letters show` has it"


class _Erased(Exception):
    """The backend takes it no more, and its text must go."""


@dataclass
class Resent:
    """`kept` are still dead letters, with reasons. `erased` are gone, as in the backend."""

    sent: list[FoundLetter] = field(default_factory=list)
    kept: list[tuple[FoundLetter, str]] = field(default_factory=list)
    erased: list[FoundLetter] = field(default_factory=list)


async def resend(
    client: LongroomClient, letters: Sequence[FoundLetter], *, with_new_ids: bool = False
) -> Resent:
    """One by one, in this order. `with_new_ids` is for ids that other content has taken.

    Killed in between, it can be called again: what the backend has, it does not store twice.
    Raises BackendError but for refusals, OutboxError, CommandFailed.
    """
    resent = Resent()
    for found in letters:
        try:
            reason = await _send(client, found, with_new_ids)
        except _Erased:
            remove_letters(found.path, [found.letter])
            resent.erased.append(found)
            continue
        if reason is not None:
            resent.kept.append((found, reason))
            continue
        remove_letters(found.path, [found.letter])
        resent.sent.append(found)
    return resent


async def _send(client: LongroomClient, found: FoundLetter, with_new_id: bool) -> str | None:
    """Why not, if it was not sent."""
    entry = found.letter.entry
    if not entry.body:
        return NO_TEXT
    try:
        # Under its own id first: an erased message must not come back under another one.
        reason = await _deliver(client, found, entry)
        if reason is not None and with_new_id:
            reason = await _deliver(client, found, _renamed(found))
    except ValueError:
        return UNREADABLE
    return reason


async def _deliver(client: LongroomClient, found: FoundLetter, entry: Entry) -> str | None:
    try:
        await deliver(client, found.conversation_id, [entry])
    except BackendRejected as rejection:
        if rejection.is_erased:
            raise _Erased from None
        if rejection.status in CREDENTIALS_REFUSED:
            raise  # not about this letter: no other would be taken either
        return str(rejection)
    return None


def _renamed(found: FoundLetter) -> Entry:
    """The same new id at each call: a letter is stored once however often it is sent."""
    entry = found.letter.entry
    if entry.stream == "session":
        return entry
    id_ = uuid5(found.conversation_id, found.full_key + entry.checksum).hex
    return replace(entry, id=id_, body=json.dumps(json.loads(entry.body) | {"id": id_}))
