"""Which of the ranked messages are given, with which neighbours, inside a token budget."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MESSAGE_OVERHEAD_TOKENS = 10
"""Speaker, date and line break of a message in a prompt."""


@dataclass
class Chosen:
    """A hit and the neighbours that are given with it, ascending."""

    seq: int
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


def estimated_tokens(text: str) -> int:
    """Four characters of ASCII to a token, one of anything else, and the line around them.

    An estimate that needs no tokenizer, since the reader's is not known; it errs upwards.
    """
    plain = sum(map(str.isascii, text))
    return math.ceil(plain / 4) + len(text) - plain + MESSAGE_OVERHEAD_TOKENS


def choose(
    ranked: Iterable[int], tokens: Mapping[int, int], *, limit: int, budget: int | None
) -> list[Chosen]:
    """The best `limit` messages that fit; one that does not fit leaves its place to a smaller."""
    left = math.inf if budget is None else budget
    chosen: list[Chosen] = []
    for seq in ranked:
        if tokens[seq] <= left:
            left -= tokens[seq]
            chosen.append(Chosen(seq))
        if len(chosen) == limit:
            break
    return chosen


def add_neighbours(
    chosen: Sequence[Chosen], tokens: Mapping[int, int], *, reach: int, left: float
) -> None:
    """Give the hits their neighbours, the best hit's first, nearest first, none of them twice.

    `tokens` knows the messages that may be given; a neighbour that does not fit ends its side.
    """
    given = {hit.seq for hit in chosen}
    for hit in chosen:
        for step in (-1, 1):
            side = hit.before if step < 0 else hit.after
            for distance in range(1, reach + 1):
                seq = hit.seq + step * distance
                if seq in given or seq not in tokens or tokens[seq] > left:
                    break
                left -= tokens[seq]
                given.add(seq)
                side.append(seq)
        hit.before.reverse()
