"""Chats in which one person tells the same facts again and again, with other values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.writing.trial import Chat, Draw, Row, Said

SIZES = (3, 5, 12, 25)
SPEAKER = "Ida"
DAYS = 300


@dataclass(frozen=True)
class Fact:
    """`noun` of the questions; `told` are ways to tell {v}, which `value` gives."""

    noun: str
    told: tuple[str, ...]
    value: Callable[[Random], str]


@dataclass(frozen=True)
class Ask:
    """`first` and `after` cut the tellings of a fact, oldest first: any of these is right."""

    text: str
    first: int | None
    after: int | None = None
    asker: str = SPEAKER


class Story:
    """Each fact told `size` times, days apart, in any order with the others and small talk."""

    def __init__(
        self,
        random: Random,
        facts: Sequence[Fact],
        size: int,
        *,
        small_talk: Sequence[str],
        language: str | None,
    ) -> None:
        self._facts = facts
        self._language = language
        events = [
            (
                random.uniform(1, DAYS),
                random.choice(fact.told).format(v=fact.value(random)),
                fact.noun,
            )
            for fact in facts
            for _ in range(size)
        ]
        events += [(random.uniform(1, DAYS), text, "") for text in small_talk]
        self._told = [
            (Said(text, age, SPEAKER), noun) for age, text, noun in sorted(events, reverse=True)
        ]
        self._chat = self._room(range(len(self._told)))

    def row(self, ask: Ask, noun: str) -> Row:
        right = frozenset(self._places(noun)[ask.first : ask.after])
        return Row(self._chat, ask.text.format(n=noun), right, asker=ask.asker)

    def control(self, ask: Ask, noun: str) -> Row:
        """Where every fact was told once: the newest of the right ones."""
        kept = [self._places(fact.noun)[ask.first : ask.after][-1] for fact in self._facts]
        places = [n for n, (_, of) in enumerate(self._told) if n in kept or not of]
        right = frozenset(n for n, place in enumerate(places) if self._told[place][1] == noun)
        return Row(self._room(places), ask.text.format(n=noun), right, asker=ask.asker)

    def _places(self, noun: str) -> list[int]:
        return [place for place, (_, of) in enumerate(self._told) if of == noun]

    def _room(self, places: Sequence[int]) -> Chat:
        return Chat(tuple(self._told[place][0] for place in places), self._language)


def stories(
    draw: Draw,
    name: str,
    facts: Sequence[Fact],
    small_talk: Sequence[str],
    language: str | None = None,
) -> list[Story]:
    return [
        Story(
            draw.random("newest", name, str(size)),
            facts,
            size,
            small_talk=small_talk,
            language=language,
        )
        for size in SIZES
    ]
