"""The best messages by what they tell: an answer often stands behind what it answers, without a
word of it ("what's the wifi password?" – "it's sunflower42").
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from retrieval.search.selection.answers.kinds import Kind, share_told
from retrieval.search.selection.candidate import Candidate
from retrieval.search.selection.exchange import exchange

COMPARED: Final = 10
"""The best: an agent reads about as many, and none of these leaves them."""
TELLS: Final = 0.3
"""Of the score: what a message with all kinds of answer asked for gains …"""
ASKS: Final = -0.2
"""… one that only asks …"""
REPLIES: Final = 0.2
"""… one just behind such a one of another speaker …"""
FOLLOWS: Final = 0.5
"""… one just behind a better one that has more of the query's words, of the distance to it, if it
tells what is asked for …"""
SAYS_LITTLE: Final = -0.3
"""… and one of a word or two that does not, such as thanks."""
LITTLE: Final = 2
REACH: Final = 3
WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Wanted:
    kinds: Sequence[Kind]
    words: Set[str]
    """Of the query, as stems."""


def put_answers_first(candidates: Sequence[Candidate], wanted: Wanted) -> None:
    """Among the best, which exchange their scores."""
    best = sorted(candidates, key=lambda one: -one.score)[:COMPARED]
    by_place = {one.place: one for one in best}
    worth = {one: one.score + _gain(one, by_place, wanted) for one in best}
    by_worth = sorted(best, key=lambda one: -worth[one])
    if by_worth != best:
        exchange("answer", by_worth)


def _gain(one: Candidate, best: Mapping[int, Candidate], wanted: Wanted) -> float:
    if one.asks:
        return ASKS
    told = share_told(wanted.kinds, one.message.content, one.content)
    if told == 0 and len(one.content.words) <= LITTLE:
        return SAYS_LITTLE
    before = _just_before(one, best)
    if not before:
        return TELLS * told
    speaker = one.message.participant
    replies = any(other.asks and other.message.participant != speaker for other in before)
    return TELLS * told + REPLIES * replies + FOLLOWS * told * _behind(one, before, wanted.words)


def _just_before(one: Candidate, best: Mapping[int, Candidate]) -> list[Candidate]:
    return [
        other
        for place in range(one.place - REACH, one.place)
        if (other := best.get(place)) is not None
        and one.message.created_at - other.message.created_at <= WITHIN
    ]


def _behind(one: Candidate, before: Sequence[Candidate], words: Set[str]) -> float:
    """By how much, of scores, it stands behind what opens its topic.

    A statement with all words of the query opens nothing: it is the answer.
    """
    shared = len(one.content.set & words)
    openers = [
        other.score
        for other in before
        if len(other.content.set & words) > shared
        and (other.asks or not words <= other.content.set)
    ]
    return max(0.0, max(openers, default=0.0) - one.score)
