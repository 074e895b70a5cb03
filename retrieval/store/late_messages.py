"""What arrives from an agent that another has replaced: how it is stored (decision 31)."""

from collections.abc import Iterable, Mapping, Sequence

from retrieval.wire import Message, MessageCreate, MessageId

LATE_ANSWER = ".late"
"""Appended to the id of a late answer: that id belongs to the present agent's answer."""


def late_answer_ids(messages: Iterable[MessageCreate]) -> list[MessageId]:
    """Under which agents' answers may be stored already."""
    return [late_answer_id(m.id) for m in messages if m.role == "assistant" and m.epoch is not None]


def as_received(
    messages: Sequence[MessageCreate], late: set[MessageId], stored: Mapping[str, Message]
) -> list[MessageCreate]:
    """As they are stored: only late ones keep their epoch."""
    return [
        message
        if message.epoch is None
        else _from_agent(message, _same(message, stored), is_late=message.id in late)
        for message in messages
    ]


def _from_agent(message: MessageCreate, first: Message | None, *, is_late: bool) -> MessageCreate:
    """A late answer never takes the id of the present agent's.

    What two agents accepted, each by its own clock, is one message: the first to arrive counts.
    """
    changes: dict[str, object] = {} if is_late else {"epoch": None}
    if first is not None:
        as_first = ("id", "created_at", "interrupted", "metadata")
        changes |= {name: getattr(first, name) for name in as_first}
    elif is_late and message.role == "assistant":
        changes["id"] = late_answer_id(message.id)
    return message.model_copy(update=changes)


def _same(message: MessageCreate, stored: Mapping[str, Message]) -> Message | None:
    found = (stored.get(message.id), stored.get(late_answer_id(message.id)))
    return next((one for one in found if one and _said(one) == _said(message)), None)


def late_answer_id(answer: MessageId) -> MessageId:
    return MessageId(answer + LATE_ANSWER)


def _said(message: Message | MessageCreate) -> tuple[str, str, str]:
    return message.role, message.participant, message.content
