"""What was searched in place of a follow-up, told without its text: as parts of messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from retrieval.wire import Glue, MessageId, TextSpan

UNKNOWN: Final = "…"
"""Stands for words that are in none of the messages, such as a name."""
_GLUE: Final[dict[str, Glue]] = {word: word for word in get_args(Glue)}
_MAX_PARTS: Final = 100


@dataclass(frozen=True)
class Said:
    """A message's text as it is stored."""

    id: MessageId
    text: str


def spans_of(read_as: str, said: Sequence[Said]) -> list[TextSpan | Glue]:
    """The longest part of a message each time; of equally long ones the first message's."""
    parts: list[TextSpan | Glue] = []
    for part in _parts(read_as, said):
        if part != UNKNOWN or parts[-1:] != [UNKNOWN]:
            parts.append(part)
    return parts[:_MAX_PARTS]


def _parts(read_as: str, said: Sequence[Said]) -> Iterator[TextSpan | Glue]:
    at = 0
    while (at := _next_word(read_as, at)) < len(read_as):
        span, length = _longest(read_as[at:], said)
        if span is not None:
            yield span
            at += length
            continue
        word = read_as[at:].split(maxsplit=1)[0]
        yield _GLUE.get(word, UNKNOWN)
        at += len(word)


def _next_word(text: str, at: int) -> int:
    return at + len(text[at:]) - len(text[at:].lstrip())


def _longest(text: str, said: Sequence[Said]) -> tuple[TextSpan | None, int]:
    """Of whole words from the beginning of `text`, and its length."""
    best: TextSpan | None = None
    longest = 0
    for message in said:
        length = _common(text, message.text, longest)
        if length > longest:
            start = message.text.find(text[:length])
            longest = length
            best = TextSpan(message_id=message.id, start=start, end=start + length)
    return best, longest


def _common(text: str, within: str, least: int) -> int:
    """Length of the longest beginning of `text` that stands in `within`, to the end of a word."""
    if least and text[: least + 1] not in within:
        return 0
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[:middle] in within else (low, middle - 1)
    while low and not _ends_word(text, low):
        low -= 1
    return len(text[:low].rstrip())


def _ends_word(text: str, at: int) -> bool:
    """ "Mia" of "Mia's" is a word, too."""
    return at == len(text) or not (text[at - 1].isalnum() and text[at].isalnum())
