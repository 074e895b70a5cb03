"""A turn drawn again from its trace, with the texts that its messages have now."""

from collections.abc import Iterator, Mapping, Sequence

from retrieval.quotation.block import Frame, Quote, drawn
from retrieval.quotation.delimiter import Delimiter
from retrieval.wire import KeptTrace, Message, MessageId, ShownMessage, TextSpan, Turn


def drawn_turn(
    trace: KeptTrace,
    messages: Sequence[Message],
    *,
    mentioned: Sequence[str],
    changed: Sequence[str],
    is_whole: bool,
) -> Turn:
    """`messages` are the question and those `mentioned`, as far as they exist. `is_whole`: nothing
    that was shown has been erased.
    """
    known = {message.id: message for message in messages}
    gone = [MessageId(one) for one in mentioned if one not in known]
    lost = {*gone, *changed}
    shown = {one.message_id for one in trace.shown}
    block = _block(trace, known)
    return Turn(
        trace=trace,
        messages=list(messages),
        gone=gone,
        changed=[MessageId(one) for one in changed],
        read_as=_read_as(trace, known),
        block=block,
        exact=block is not None and is_whole and shown.isdisjoint(lost),
    )


def _block(trace: KeptTrace, known: Mapping[MessageId, Message]) -> str | None:
    quotes = [*_quotes(trace.shown, known)]
    if trace.block is None or not quotes:
        return None
    frame = Frame(
        now=trace.block.now,
        time_zone=trace.block.time_zone,
        delimiter=Delimiter(trace.block.nonce),
    )
    return drawn(quotes, frame)


def _quotes(shown: Sequence[ShownMessage], known: Mapping[MessageId, Message]) -> Iterator[Quote]:
    is_first, gap = True, False
    for one in shown:
        message = known.get(one.message_id)
        if message is None:
            gap = True
            continue
        part = message.content[one.start : one.end]
        yield Quote(
            message.model_copy(update={"content": part}),
            times=one.times,
            after_gap=one.after_gap or (gap and not is_first),
        )
        is_first, gap = False, False


def _read_as(trace: KeptTrace, known: Mapping[MessageId, Message]) -> str | None:
    if trace.read_as is None:
        return None
    return " ".join(_part(part, known) for part in trace.read_as).replace(" 's", "'s")


def _part(part: TextSpan | str, known: Mapping[MessageId, Message]) -> str:
    if not isinstance(part, TextSpan):
        return part
    message = known.get(part.message_id)
    return "…" if message is None else message.content[part.start : part.end] or "…"
