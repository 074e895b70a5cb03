"""Reads the words of a room that are spelled nearly like others, by the ends they share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retrieval.search.lexical.misspelt import MOST_IN_RANGE, LookUp
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

# The ranges are cut in the order of their indexes.
SIMILAR = """
select asked.word,
       array(select word
               from vocabulary
              where conversation_id = $1 and word >= head and word < behind_head
                and length(word) between length(asked.word) - edits and length(asked.word) + edits
              order by word
              limit $8)
       || array(select word
                  from vocabulary
                 where conversation_id = $1
                   and reversed >= tail and reversed < behind_tail
                   and length(word) between length(asked.word) - edits
                                        and length(asked.word) + edits
                 order by reversed
                 limit $8) as similar
  from unnest($2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
       as asked (word, edits, head, behind_head, tail, behind_tail)
"""


async def read_similar(
    db: "Database", conversation_id: ConversationId, look_ups: Sequence[LookUp]
) -> list[tuple[str, Sequence[str]]]:
    """The words that each look-up allows, by the word looked up."""
    rows = await db.fetch(
        SIMILAR,
        conversation_id,
        [one.word for one in look_ups],
        [one.edits for one in look_ups],
        [one.head for one in look_ups],
        [_behind(one.head) for one in look_ups],
        [one.tail for one in look_ups],
        [_behind(one.tail) for one in look_ups],
        MOST_IN_RANGE,
    )
    return [(row["word"], row["similar"]) for row in rows]


def _behind(prefix: str) -> str:
    """Sorts just behind all words that begin with the prefix, by code points."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
