"""Messages for a language model: as data, quoted, dated, attributed, within a token budget."""

from collections.abc import Sequence
from datetime import datetime

from retrieval.quotation.block import recalled_block
from retrieval.wire import Message, RetrievalHit, message_tokens

TOKENS = 4_000
"""Of one tool's result."""
CHARS_OF_LONG_MESSAGE = 6_000

_FOUND = "Messages of the conversation that may answer the query, oldest first."
_RECENT = "Messages of the conversation, oldest first."


def found_messages(hits: Sequence[RetrievalHit], *, time_zone: str, now: datetime) -> str | None:
    return recalled_block(hits, token_budget=TOKENS, time_zone=time_zone, now=now, what=_FOUND)


def recent_messages(messages: Sequence[Message], *, time_zone: str, now: datetime) -> str | None:
    """`messages` fit TOKENS, as `newest_within` chooses them."""
    hits = [_as_hit(message) for message in messages]
    # Twice: headings and quotation marks come on top of the messages' own tokens.
    return recalled_block(hits, token_budget=2 * TOKENS, time_zone=time_zone, now=now, what=_RECENT)


def newest_within(messages: Sequence[Message], tokens: int = TOKENS) -> Sequence[Message]:
    """The last of them that fit, at least one."""
    for count, message in enumerate(reversed(messages)):
        tokens -= message_tokens(message.content[:CHARS_OF_LONG_MESSAGE])
        if tokens < 0 and count:
            return messages[len(messages) - count :]
    return messages


def _as_hit(message: Message) -> RetrievalHit:
    cut = message.content[:CHARS_OF_LONG_MESSAGE]
    excerpt = f"{cut} …" if len(cut) < len(message.content) else None
    return RetrievalHit(message=message, score=0.0, found_by=[], excerpt=excerpt)
