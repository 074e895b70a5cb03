"""Names by which a query may refer to a participant."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

_WORD = re.compile(r"[^\W\d_]{2,}")

RECORD_NAMES = """
insert into participant_name (conversation_id, name, identity)
select $1, *
  from unnest($2::text[], $3::text[])
on conflict do nothing
"""


async def record_names(
    connection: "Connection", *, conversation_id: ConversationId, identities: Iterable[str]
) -> None:
    pairs = [(name, identity) for identity in sorted(identities) for name in names_of(identity)]
    await connection.execute(
        RECORD_NAMES,
        conversation_id,
        [name for name, _ in pairs],
        [identity for _, identity in pairs],
    )


def names_of(identity: str) -> list[str]:
    """In lower case: `Ana Ruiz` gives `ana ruiz`, `ana`, `ruiz`."""
    lower = identity.lower()
    return list(dict.fromkeys([lower, *_WORD.findall(lower)]))
