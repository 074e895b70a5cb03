"""What a conversation's row counts, after some of its messages are gone."""

from collections.abc import Mapping

from retrieval.changes.erasure.transactions import Locked
from retrieval.text.analysis import Analysis

# Neighbours are found by their seq only where none between is missing: that of what was said first
# leaves no gap.
COUNT = """
update conversation
   set message_count = message_count - $2,
       passage_count = greatest(passage_count - $3, 0),
       word_count = greatest(word_count - $4, 0),
       in_order = left_over.seq is null or in_order and left_over.seq > $5,
       newest_at = newest.created_at,
       newest_seq = coalesce(newest.seq, 0)
  from (select min(seq) as seq from message where conversation_id = $1) left_over
  left join (select created_at, seq
               from message
              where conversation_id = $1
              order by created_at desc, seq desc
              limit 1) newest on true
 where conversation.conversation_id = $1
"""

# What is not indexed anew yet is in the count from which the new one is reached.
COUNT_REINDEXED = """
update reindexed_part
   set words_before = words_before - coalesce((
       select sum(words)
         from unnest($2::bigint[], $3::bigint[]) as gone (seq, words)
        where gone.seq > done_to and gone.seq <= last_seq), 0)
 where conversation_id = $1
"""


async def count_without(locked: Locked, analyses: Mapping[int, Analysis]) -> None:
    """By the seq of those that are gone."""
    words = {seq: words_in(one) for seq, one in analyses.items()}
    await locked.connection.execute(
        COUNT,
        locked.conversation_id,
        len(analyses),
        sum(len(one.passages) for one in analyses.values()),
        sum(words.values()),
        max(analyses),
    )
    await locked.connection.execute(
        COUNT_REINDEXED, locked.conversation_id, list(words), list(words.values())
    )


def words_in(analysis: Analysis) -> int:
    return sum(terms.words for terms in analysis.passages)
