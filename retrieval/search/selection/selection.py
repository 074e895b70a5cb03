"""Which of the ranked messages become hits, in which order, and what each stands for."""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from typing import Final

from retrieval.search.context import SearchContext
from retrieval.search.query.query import Query
from retrieval.search.ranking import CORRECTED, Candidates, Ranking
from retrieval.search.scoring.next_said import next_said
from retrieval.search.selection.answers.order import Wanted, put_answers_first
from retrieval.search.selection.asked import Asked, asked_by
from retrieval.search.selection.by_time import put_in_order
from retrieval.search.selection.candidate import Candidate
from retrieval.search.selection.corrections import put_corrections_first
from retrieval.search.selection.polarity import put_deniers
from retrieval.search.selection.repeats import collapse, stand_for_the_query
from retrieval.search.selection.texts.content import Content
from retrieval.search.source import Source
from retrieval.text.long_texts import worked_out
from retrieval.weights import Weights
from retrieval.wire import Message

COMPARED: Final = 40
"""Messages read, at least, where order or denial is asked for."""
MORE: Final = 30
"""Messages read at a time while repeats leave places free."""
MOST_READS: Final = 4

Read = tuple[Message, Content]


async def select(
    source: Source,
    context: SearchContext,
    ranking: Ranking,
    candidates: Candidates,
    query: Query,
    *,
    count: int,
) -> list[Candidate]:
    """Best first; `count` or more, unless there are fewer that differ."""
    weights = ranking.weights
    asked = asked_by(query, language=context.language, weights=weights)
    following = next_said(candidates.facts, ranking.first(CORRECTED)) if weights.correction else {}
    others = [*following, *(ranking.by_time(asked.order).tolist() if asked.order else ())]
    depth = max(count, COMPARED) if asked.compares else count
    read: dict[int, Read] = {}
    arranged: list[Candidate] = []
    for _ in range(MOST_READS):
        best = ranking.first(depth)
        places = dict.fromkeys([*best, *others])
        read |= await _read(source, context, ranking.seq[[*places]].tolist(), known=read)
        arranged = await worked_out(
            partial(_arranged, ranking, places, read, following, asked, frozenset(best)),
            chars=sum(len(message.content) for message, _ in read.values()),
            use="search",
        )
        if len(arranged) >= count or len(best) < depth:
            break
        depth += MORE
    return arranged


def _arranged(
    ranking: Ranking,
    places: Iterable[int],
    read: Mapping[int, Read],
    following: Mapping[int, int],
    asked: Asked,
    best: Set[int],
) -> list[Candidate]:
    found = _candidates(ranking, places, read, following)
    return arrange(found, asked, ranking.weights, best=best)


def arrange(
    candidates: Sequence[Candidate], asked: Asked, weights: Weights, *, best: Set[int]
) -> list[Candidate]:
    """Best first. Of those that are not at one of the `best` places only what was lifted."""
    standing = [*candidates]
    if weights.repeat:
        standing = collapse(standing, language=asked.language)
        if not asked.about_asking:
            standing = stand_for_the_query(standing, asked.words)
    if weights.answer and asked.kinds is not None and not asked.about_asking:
        put_answers_first(
            [one for one in standing if one.place in best], Wanted(asked.kinds, asked.words)
        )
    if asked.order:
        put_in_order(standing, asked.order, asked.words)
    elif weights.correction:
        put_corrections_first(standing, asked.words, restatements=not asked.dated)
    if asked.denial is not None:
        put_deniers(standing, asked.words, first=asked.denial)
    kept = [one for one in standing if one.place in best or one.gains]
    return sorted(kept, key=lambda one: -one.score)


async def _read(
    source: Source, context: SearchContext, seqs: Sequence[int], *, known: Mapping[int, Read]
) -> dict[int, Read]:
    messages = await source.messages([seq for seq in seqs if seq not in known])
    return await worked_out(
        partial(_with_content, messages, context.language),
        chars=sum(len(message.content) for message in messages.values()),
        use="search",
    )


def _with_content(messages: Mapping[int, Message], language: str) -> dict[int, Read]:
    return {
        seq: (message, Content(message.content, language=language))
        for seq, message in messages.items()
    }


def _candidates(
    ranking: Ranking,
    places: Iterable[int],
    read: Mapping[int, Read],
    following: Mapping[int, int],
) -> list[Candidate]:
    """Deleted messages are missing."""
    at = [*places]
    columns = (ranking.seq, ranking.score, ranking.parts.words, ranking.parts.speaker)
    rows = zip(at, *(column[at].tolist() for column in columns), strict=True)
    return [
        Candidate(
            place=place,
            message=read[seq][0],
            content=read[seq][1],
            score=score,
            words=words,
            speaker_fit=speaker,
            follows=following.get(place),
        )
        for place, seq, score, words, speaker in rows
        if seq in read
    ]
