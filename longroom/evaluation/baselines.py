"""The usual ways to recall, on the same rooms and embeddings."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pgvector import HalfVector

from longroom.evaluation.questions import Dialogue, LabelledQuestion
from longroom.evaluation.run import DEPTH, Answer, Asking
from retrieval.search import search_conversation
from retrieval.weights import Weights
from retrieval.wire import (
    ConversationId,
    SearchRequest,
    message_tokens,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Record

RANK_CONSTANT = 60
"""The usual constant of reciprocal rank fusion."""
WORDS_ONLY = Weights(
    meaning=0,
    words=1,
    coverage=0,
    surroundings=0,
    speaker=0,
    date=0,
    first_person=0,
    reply=0,
    time=0,
    place=0,
)
Ranked = list[tuple[str, int]]


async def ask_baselines(asking: Asking, dialogues: Sequence[Dialogue]) -> dict[str, list[Answer]]:
    """Answers of each baseline to every question: newest messages, vectors, words, both fused."""
    answers: defaultdict[str, list[Answer]] = defaultdict(list)
    for dialogue in dialogues:
        room = asking.rooms[dialogue.name]
        newest = await _newest(asking, room)
        for question in dialogue.questions:
            vectors = await _by_vectors(asking, room, question)
            words = await _by_words(asking, room, question)
            for name, ranked in {
                "newest": newest,
                "pgvector": vectors,
                "bm25": words,
                "rrf60": fused(vectors, words),
            }.items():
                answers[name].append(Answer(dialogue.name, question, ranked, 0.0, 0.0))
    return dict(answers)


def fused(*rankings: Ranked) -> Ranked:
    """Reciprocal rank fusion."""
    scores: defaultdict[tuple[str, int], float] = defaultdict(float)
    for ranked in rankings:
        for rank, one in enumerate(ranked, start=1):
            scores[one] += 1 / (RANK_CONSTANT + rank)
    return sorted(scores, key=lambda one: -scores[one])


NEWEST = """
select message_id, content
  from message
 where conversation_id = $1
 order by seq desc
 limit $2
"""


async def _newest(asking: Asking, room: ConversationId) -> Ranked:
    return _ranked(await asking.db.fetch(NEWEST, room, DEPTH))


BY_VECTORS = """
select m.message_id, m.content
  from message_embedding e
  join message m on m.conversation_id = e.conversation_id and m.seq = e.seq
 where e.conversation_id = $1 and m.conversation_id = $1 and not e.smoothed
 order by e.embedding <=> $2
 limit $3
"""


async def _by_vectors(asking: Asking, room: ConversationId, question: LabelledQuestion) -> Ranked:
    """The question as it was asked against messages as `speaker: text`: plain top-k."""
    vector = (await asking.embedder.embed([question.text], kind="query"))[0]
    return _ranked(await asking.db.fetch(BY_VECTORS, room, HalfVector(vector), DEPTH))


async def _by_words(asking: Asking, room: ConversationId, question: LabelledQuestion) -> Ranked:
    response = await search_conversation(
        asking.db,
        None,
        conversation_id=room,
        request=SearchRequest(query=question.text, limit=DEPTH),
        weights=WORDS_ONLY,
    )
    found = [hit for hit in response.hits if hit.score > 0]
    return [(hit.message.id, message_tokens(hit.message.content)) for hit in found]


def _ranked(rows: Sequence["Record"]) -> Ranked:
    unique = {row["message_id"]: row["content"] for row in rows}
    return [(message_id, message_tokens(content)) for message_id, content in unique.items()]
