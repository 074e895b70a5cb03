"""Who does not: what denies comes first if the query denies, and last if it asks who does."""

import re
from collections.abc import Sequence, Set
from typing import Final

from retrieval.search.selection.by_time import MARGIN
from retrieval.search.selection.candidate import Candidate
from retrieval.search.selection.exchange import exchange
from retrieval.search.selection.texts.content import Content, stems_of
from retrieval.search.selection.texts.negation import denied

MOST_WORDS: Final = 20
"""With content, of a message that denies."""
_ASKS_WHO: Final = stems_of("""
who whom anyone anybody someone somebody wer wen wem jemand qui quelqu'un quién quien quiénes
alguien chi qualcuno quem alguém iemand vem kto kim кто кому 谁 誰
""")
_WHICH: Final = re.compile(r"\bwhich\s+(?:of|one|person|people)\b|だれ|누가|누구", re.IGNORECASE)


def asks_polarity(text: str, content: Content, query: Set[str]) -> bool | None:
    """Whether messages that deny are wanted; None if it does not matter."""
    if denied(text, content, query):
        return True
    if not _ASKS_WHO.isdisjoint(content.words) or _WHICH.search(text):
        return False
    return None


def put_deniers(candidates: Sequence[Candidate], query: Set[str], *, first: bool) -> None:
    """Among those about it; of equal polarity, those with more of the query's words come first."""
    about = [one for one in candidates if _is_about(one, query) and not one.asks]
    best = max((one.score for one in about), default=0.0)
    near = [one for one in about if one.score >= best - MARGIN]
    denying = {one for one in near if _denies(one, query)}
    if not denying or len(denying) == len(near):
        return

    def place(one: Candidate) -> tuple[bool, int, float]:
        return (one in denying) != first, -len(one.content.set & query), -one.score

    exchange("polarity", sorted(near, key=place))


def _is_about(one: Candidate, query: Set[str]) -> bool:
    shared = len(one.content.set & query)
    return shared > 0 and 2 * shared >= len(query)


def _denies(one: Candidate, query: Set[str]) -> bool:
    """Mainly: a denial among many sentences is of something else."""
    return len(one.content.telling) <= MOST_WORDS and denied(one.text, one.content, query)
