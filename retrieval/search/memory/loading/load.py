"""Reads a whole conversation into memory, as it is at one moment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.ann.tiers import LIMITS, TierLimits
from retrieval.database.connection import transaction
from retrieval.search.memory.loading.messages import read_messages
from retrieval.search.memory.loading.postings import read_postings
from retrieval.search.memory.loading.vectors import read_vectors
from retrieval.search.memory.loading.words import read_vocabulary
from retrieval.search.memory.room import Room
from retrieval.search.memory.version import VERSION_COLUMNS, Version, version_of
from retrieval.text.terms.stored import VERSION
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

BYTES_OF_A_NUMBER: Final = 4
BYTES_OF_A_CODED_NUMBER: Final = 2.5
"""With its code, and where that may grow."""
BYTES_OF_A_PASSAGE: Final = 600
"""About: its postings, its text, its words."""

AS_OF_NOW: Final = """
set transaction isolation level repeatable read, read only
"""

OUTLINE: Final = """
select c.language, c.passage_count, m.dimension,
       (select true from reindexed_part where conversation_id = $1) as reindexing,
       {version}
  from conversation c
  left join embedding_model m on m.state = 'active'
 where c.conversation_id = $1 and not c.erased
""".replace("{version}", VERSION_COLUMNS.strip())


@dataclass(frozen=True)
class Outline:
    """What tells whether a conversation can be in memory, and how large it would be."""

    language: str
    version: Version
    passages: int
    nbytes: int
    """About."""


async def load(
    db: "Database",
    conversation_id: ConversationId,
    *,
    most_bytes: int,
    limits: TierLimits = LIMITS,
) -> Room | None:
    """As it is now; of a room beyond `limits.exact`, vectors are compared by codes first.

    None without a model, while it is indexed anew, and if it would not fit.
    """
    async with transaction(db) as connection:
        await connection.execute(AS_OF_NOW)
        outline = await read_outline(connection, conversation_id, limits)
        if outline is None or outline.nbytes > most_bytes:
            return None
        messages = await read_messages(connection, conversation_id)
        alone, in_context = [
            await read_vectors(
                connection,
                conversation_id,
                outline.version.model_id,
                messages.seq,
                smoothed=smoothed,
                coded=outline.passages > limits.exact,
            )
            for smoothed in (False, True)
        ]
        return Room(
            language=outline.language,
            version=outline.version,
            messages=messages,
            alone=alone,
            in_context=in_context,
            postings=await read_postings(connection, conversation_id, mark=messages.last_seq),
            vocabulary=await read_vocabulary(connection, conversation_id),
        )


async def read_outline(
    connection: "Connection", conversation_id: ConversationId, limits: TierLimits
) -> Outline | None:
    row = await connection.fetchrow(OUTLINE, conversation_id)
    if row is None or row["reindexing"] or row["text_version"] != VERSION:
        return None
    version = version_of(row)
    if version is None:
        return None
    passages = row["passage_count"]
    of_a_number = BYTES_OF_A_NUMBER if passages <= limits.exact else BYTES_OF_A_CODED_NUMBER
    each = int(2 * of_a_number * row["dimension"]) + BYTES_OF_A_PASSAGE
    return Outline(row["language"], version, passages, passages * each)
