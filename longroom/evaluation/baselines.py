"""Textbook baselines on the rooms and embeddings of the search: newest, pgvector, BM25, fusion."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pgvector import HalfVector

from longroom.evaluation.bm25 import Bm25Index
from longroom.evaluation.questions import Dialogue, LabelledQuestion
from longroom.evaluation.run import DEPTH, Answer, Asking
from retrieval.wire import ConversationId, message_tokens

if TYPE_CHECKING:
    from retrieval.database.connection import Database

RRF_K = 60
"""Constant of reciprocal rank fusion (Cormack et al. 2009)."""

Ranking = Sequence[tuple[str, float]]
"""Ids and scores, best first, at most DEPTH."""


class Query(NamedTuple):
    dialogue: str
    text: str


async def ask_baselines(asking: Asking, dialogues: Sequence[Dialogue]) -> dict[str, list[Answer]]:
    asked = [(dialogue, question) for dialogue in dialogues for question in dialogue.questions]
    queries = [Query(dialogue.name, question.text) for dialogue, question in asked]
    tokens = {room: await _tokens(asking.db, room) for room in set(asking.rooms.values())}
    return {
        name: [
            as_answer(
                dialogue.name,
                question,
                _said_before(question, dialogue, ranking),
                tokens[asking.rooms[dialogue.name]],
            )
            for (dialogue, question), ranking in zip(asked, rankings, strict=True)
        ]
        for name, rankings in (await rank_baselines(asking, queries)).items()
    }


def _said_before(question: LabelledQuestion, dialogue: Dialogue, ranking: Ranking) -> Ranking:
    """What the search is not shown, such as the question itself, is not shown to the others."""
    if question.asked_at is None:
        return ranking
    said_at = {str(message.id): message.created_at for message in dialogue.messages}
    return [
        (one, score)
        for one, score in ranking
        if one not in said_at or said_at[one] < question.asked_at
    ]


def as_answer(
    dialogue: str, question: LabelledQuestion, ranking: Ranking, tokens: Mapping[str, int]
) -> Answer:
    """The best score stands for the confidence."""
    return Answer(
        dialogue=dialogue,
        question=question,
        ranked=[(one, tokens[one]) for one, _ in ranking],
        confidence=ranking[0][1] if ranking else 0.0,
        total_ms=0.0,
    )


async def rank_baselines(asking: Asking, queries: Sequence[Query]) -> dict[str, list[Ranking]]:
    """By baseline, one ranking per query."""
    vectors = await _by_vectors(asking, queries)
    words = await _by_words(asking, queries)
    return {
        "newest": await _newest(asking, queries),
        "pgvector": vectors,
        "bm25": words,
        "rrf60": [fused(*pair) for pair in zip(vectors, words, strict=True)],
    }


def fused(*rankings: Ranking) -> Ranking:
    score: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, (one, _) in enumerate(ranking, start=1):
            score[one] += 1 / (RRF_K + rank)
    best = sorted(score, key=lambda one: -score[one])[:DEPTH]
    return [(one, score[one]) for one in best]


NEWEST = """
select message_id from message where conversation_id = $1 order by seq desc limit $2
"""


async def _newest(asking: Asking, queries: Sequence[Query]) -> list[Ranking]:
    """What an agent without memory has; all scores are 0."""
    newest: dict[ConversationId, Ranking] = {
        room: [(row["message_id"], 0.0) for row in await asking.db.fetch(NEWEST, room, DEPTH)]
        for room in set(asking.rooms.values())
    }
    return [newest[asking.rooms[query.dialogue]] for query in queries]


BY_VECTORS = """
select m.message_id, 1 - (e.embedding <=> $2) as cosine
  from message_embedding e
  join message m on m.conversation_id = e.conversation_id and m.seq = e.seq
 where e.conversation_id = $1 and m.conversation_id = $1 and not e.smoothed
 order by e.embedding <=> $2
 limit $3
"""


async def _by_vectors(asking: Asking, queries: Sequence[Query]) -> list[Ranking]:
    """Plain top-k by cosine; a message counts by its best passage."""
    vectors = await asking.embedder.embed([query.text for query in queries], kind="query")
    rankings: list[Ranking] = []
    for query, vector in zip(queries, vectors, strict=True):
        room = asking.rooms[query.dialogue]
        best: dict[str, float] = {}
        for row in await asking.db.fetch(BY_VECTORS, room, HalfVector(vector), DEPTH):
            best.setdefault(row["message_id"], row["cosine"])
        rankings.append([*best.items()])
    return rankings


async def _by_words(asking: Asking, queries: Sequence[Query]) -> list[Ranking]:
    """BM25 over PostgreSQL's English lexemes of `participant: content`."""
    ids = {room: await _ids(asking.db, room) for room in set(asking.rooms.values())}
    indexes = {
        room: Bm25Index(await _room_lexemes(asking.db, room, len(ids[room]))) for room in ids
    }
    lexemes = await _query_lexemes(asking.db, queries)
    rankings: list[Ranking] = []
    for query, words in zip(queries, lexemes, strict=True):
        room = asking.rooms[query.dialogue]
        best = indexes[room].best(words, count=DEPTH)
        rankings.append([(ids[room][place], score) for place, score in best])
    return rankings


ROOM_LEXEMES = """
select seq - 1 as place, lexeme, cardinality(positions) as occurrences
  from message, unnest(to_tsvector('english', participant || ': ' || content))
 where conversation_id = $1
"""


async def _room_lexemes(db: "Database", room: ConversationId, messages: int) -> list[Counter[str]]:
    counted: list[Counter[str]] = [Counter() for _ in range(messages)]
    for row in await db.fetch(ROOM_LEXEMES, room):
        counted[row["place"]][row["lexeme"]] = row["occurrences"]
    return counted


QUERY_LEXEMES = """
select place - 1 as place, lexeme
  from unnest($1::text[]) with ordinality as given (text, place),
       unnest(to_tsvector('english', given.text))
"""


async def _query_lexemes(db: "Database", queries: Sequence[Query]) -> list[list[str]]:
    lexemes: list[list[str]] = [[] for _ in queries]
    for row in await db.fetch(QUERY_LEXEMES, [query.text for query in queries]):
        lexemes[row["place"]].append(row["lexeme"])
    return lexemes


CONTENTS = """
select message_id, content from message where conversation_id = $1 order by seq
"""


async def _ids(db: "Database", room: ConversationId) -> list[str]:
    return [row["message_id"] for row in await db.fetch(CONTENTS, room)]


async def _tokens(db: "Database", room: ConversationId) -> dict[str, int]:
    rows = await db.fetch(CONTENTS, room)
    return {row["message_id"]: message_tokens(row["content"]) for row in rows}
