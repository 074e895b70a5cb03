"""Tells texts that only greet, thank, wish or acknowledge, in any of the known languages."""

import re
from collections.abc import Iterable, Iterator, Set
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from retrieval.search.query.small_talk.courtesies.asia_and_africa import ASIA_AND_AFRICA
from retrieval.search.query.small_talk.courtesies.eastern_europe import EASTERN_EUROPE
from retrieval.search.query.small_talk.courtesies.fillers import FILLERS
from retrieval.search.query.small_talk.courtesies.western_europe import WESTERN_EUROPE
from retrieval.text import words
from retrieval.text.normal_form import folded, readable

MOST_CHARS: Final = 100
MOST_UNITS: Final = 40

Unit = str
"""A word, or one character of a script without spaces."""
Phrase = tuple[Unit, ...]

_STRETCHED = re.compile(r"(\w)\1{2,}")
_LAUGH = re.compile(
    r"(?:ha|he|hi|ho|ja|je|xa|ah|ax|ха|хе|ах){2,}[hjх]?|l+o+l+|(?:lo){2,}l|x+d+|k{2,}|w{2,}"
)


class _Known(NamedTuple):
    courtesies: Set[Phrase]
    fillers: Set[Phrase]
    openings: Set[Unit]
    """What a courtesy or filler begins with."""
    longest: int


def is_courtesy(text: str) -> bool:
    """Whether courtesies and their fillers are all it has, in any mixture of languages."""
    if len(text) > MOST_CHARS:
        return False
    said = units(text)
    first = next(said, "")
    if first not in _known().openings and not _LAUGH.fullmatch(first):
        return False
    whole = (first, *islice(said, MOST_UNITS))
    return len(whole) <= MOST_UNITS and _consists_of_courtesies(whole)


def units(text: str) -> Iterator[Unit]:
    """Without case, accents, punctuation, emoji, and with "heyyy" as "hey"."""
    for piece in words.each_piece(readable(text)):
        if piece.kind == "word":
            yield _STRETCHED.sub(r"\1", folded(piece.written)).replace("'", "")
        elif piece.kind == "unspaced":
            yield from piece.written


def _consists_of_courtesies(said: Phrase) -> bool:
    """By dynamic programming over the places where a phrase can end."""
    known = _known()
    plain, polite = {0}, set[int]()  # reached by fillers only, and by a courtesy at least
    for start in range(len(said)):
        if start not in plain and start not in polite:
            continue
        for end in range(start + 1, min(start + known.longest, len(said)) + 1):
            phrase = said[start:end]
            if phrase in known.courtesies or (len(phrase) == 1 and _LAUGH.fullmatch(phrase[0])):
                polite.add(end)
            elif phrase in known.fillers:
                (polite if start in polite else plain).add(end)
    return len(said) in polite


@cache
def _known() -> _Known:
    lists = (*WESTERN_EUROPE.values(), *EASTERN_EUROPE.values(), *ASIA_AND_AFRICA.values())
    courtesies = frozenset(_phrases(lists))
    fillers = frozenset(_phrases([FILLERS]))
    return _Known(
        courtesies,
        fillers,
        openings=frozenset(phrase[0] for phrase in courtesies | fillers),
        longest=max(map(len, courtesies)),
    )


def _phrases(lists: Iterable[str]) -> Iterator[Phrase]:
    return (tuple(units(phrase)) for text in lists for phrase in text.split("|"))
