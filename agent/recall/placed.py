"""What a turn's request had as its memory, and what of it the model was shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from agent.messages.erasures import Erasures
from agent.recall.recall import Recalled
from retrieval.quotation.block import Frame, Quote, RecalledBlock
from retrieval.wire import BlockFrame, Glue, MessageId, RetrievalHit, ShownMessage, TextSpan

BlockRole: TypeAlias = Literal["system", "developer", "user", "assistant"]


@dataclass(frozen=True)
class Placed:
    """Only `recalled` has texts. `read_as` is None if the question was searched as it stands, and
    `frame` if nothing was shown.
    """

    recalled: Recalled = field(default_factory=Recalled)
    read_as: Sequence[TextSpan | Glue] | None = None
    shown: Sequence[ShownMessage] = ()
    cut: Sequence[MessageId] = ()
    frame: BlockFrame | None = None

    def with_block(self, block: RecalledBlock, frame: Frame, role: BlockRole) -> "Placed":
        if block.text is None:
            return replace(self, cut=block.cut)
        hits = {hit.message.id: hit for hit in self.recalled.hits}
        return replace(
            self,
            shown=[_shown(quote, hits.get(quote.message.id)) for quote in block.quotes],
            cut=block.cut,
            frame=BlockFrame(
                nonce=frame.delimiter.nonce, now=frame.now, time_zone=frame.time_zone, role=role
            ),
        )

    def without_block(self) -> "Placed":
        """It was taken out of the request again."""
        return replace(self, shown=(), cut=(), frame=None)

    def without(self, erasures: Erasures) -> "Placed":
        return replace(self, recalled=self.recalled.without(erasures))


def excerpt_of(hit: RetrievalHit) -> tuple[int, int] | None:
    """Where it stands in the message; None for the whole message."""
    if not hit.excerpt:
        return None
    start = hit.message.content.find(hit.excerpt)
    return (start, start + len(hit.excerpt)) if start >= 0 else None


def _shown(quote: Quote, hit: RetrievalHit | None) -> ShownMessage:
    is_excerpt = hit is not None and quote.message.content == hit.excerpt
    excerpt = excerpt_of(hit) if hit is not None and is_excerpt else None
    start, end = excerpt or (None, None)
    return ShownMessage(
        message_id=quote.message.id,
        start=start,
        end=end,
        times=quote.times,
        after_gap=quote.after_gap,
    )
