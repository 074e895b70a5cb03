"""What is stored beside a message's text so that a search finds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from retrieval.text import passages, traits
from retrieval.text.long_texts import worked_out
from retrieval.text.terms.stored import Terms, passage_terms


class Spoken(Protocol):
    @property
    def participant(self) -> str: ...
    @property
    def content(self) -> str: ...


@dataclass(frozen=True)
class Analysis:
    """Of one message."""

    traits: int
    words: int
    """Parted by white space."""
    passages: list[Terms]


async def analysed(messages: Sequence[Spoken], *, language: str) -> list[Analysis]:
    """In their order; long ones, or many, one by one in a thread."""
    chars = sum(len(message.content) for message in messages)
    return [
        await worked_out(partial(_analysis, message, language), chars=chars, use="storing")
        for message in messages
    ]


def _analysis(message: Spoken, language: str) -> Analysis:
    return Analysis(
        traits.of(message.content),
        len(message.content.split()),
        [
            passage_terms(passage, participant=message.participant, language=language)
            for passage in passages.split(message.content)
        ],
    )
