"""Asks the questions of a data set through the search."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from longroom.evaluation.questions import Dialogue, LabelledQuestion
from longroom.evaluation.small_talk import SMALL_TALK
from longroom.progress import SILENT, ProgressBars
from retrieval.embedders import Embedder
from retrieval.search import search_conversation
from retrieval.weights import WEIGHTS, Weights
from retrieval.wire import (
    ConversationId,
    SearchRequest,
    SearchResponse,
    message_tokens,
)

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

DEPTH = 100
"""Messages requested; all figures are computed from this one ranking."""
AT_ONCE = 4


@dataclass(frozen=True)
class Answer:
    dialogue: str
    question: LabelledQuestion
    ranked: list[tuple[str, int]]
    """Ids and estimated tokens of the messages, best first."""
    confidence: float
    total_ms: float
    parts: list[dict[str, float]] = field(default_factory=list)
    """Parts of each message's score, if explained."""


@dataclass(frozen=True)
class Asking:
    db: "asyncpg.Pool[Record]"
    embedder: Embedder
    rooms: Mapping[str, ConversationId]
    weights: Weights = WEIGHTS
    explain: bool = False
    progress: ProgressBars = SILENT


async def ask_all(asking: Asking, dialogues: Sequence[Dialogue]) -> list[Answer]:
    asked = [(dialogue, question) for dialogue in dialogues for question in dialogue.questions]
    return await ask_each(asking, asked)


async def ask_strangers(asking: Asking, dialogues: Sequence[Dialogue]) -> list[Answer]:
    return await ask_each(asking, strangers(dialogues))


def strangers(dialogues: Sequence[Dialogue]) -> list[tuple[Dialogue, LabelledQuestion]]:
    """Each answerable question in the next conversation, with that one's participant names."""
    return [
        (other, _renamed(question, dialogue.participants, other.participants))
        for dialogue, other in zip(dialogues, [*dialogues[1:], dialogues[0]], strict=True)
        for question in dialogue.questions
        if question.answerable and other is not dialogue
    ]


async def ask_small_talk(asking: Asking, dialogues: Sequence[Dialogue]) -> list[Answer]:
    asked = [
        (dialogue, LabelledQuestion(phrase, None, (), "small talk", answerable=False))
        for dialogue in dialogues
        for phrase in SMALL_TALK
    ]
    return await ask_each(asking, asked)


async def ask_each(
    asking: Asking, asked: Sequence[tuple[Dialogue, LabelledQuestion]]
) -> list[Answer]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(dialogue: Dialogue, question: LabelledQuestion) -> Answer:
        async with turn:
            answer = await _ask(asking, dialogue, question)
        advance(1)
        return answer

    with asking.progress.step("asking", len(asked)) as advance:
        return await asyncio.gather(*(one(dialogue, question) for dialogue, question in asked))


async def _ask(asking: Asking, dialogue: Dialogue, question: LabelledQuestion) -> Answer:
    newest = max(message.created_at for message in dialogue.messages)
    response = await search_conversation(
        asking.db,
        asking.embedder,
        conversation_id=asking.rooms[dialogue.name],
        request=SearchRequest(
            query=question.text,
            asker=question.asker,
            limit=DEPTH,
            window=list(question.window),
            until=question.asked_at,
            explain=asking.explain,
        ),
        weights=asking.weights,
        now=question.asked_at or newest + timedelta(days=1),
    )
    return Answer(
        dialogue=dialogue.name,
        question=question,
        ranked=_ranked(response),
        confidence=response.confidence,
        total_ms=response.timings.total_ms,
        parts=[hit.parts for hit in response.hits if hit.parts is not None],
    )


def _ranked(response: SearchResponse) -> list[tuple[str, int]]:
    return [
        (hit.message.id, message_tokens(hit.excerpt or hit.message.content))
        for hit in response.hits
    ]


def _renamed(
    question: LabelledQuestion, old: Sequence[str], new: Sequence[str]
) -> LabelledQuestion:
    text = question.text
    for before, after in zip(old, new, strict=False):
        text = re.sub(rf"\b{re.escape(before)}\b", after, text, flags=re.IGNORECASE)
    asker = new[old.index(question.asker)] if question.asker in old[: len(new)] else None
    return LabelledQuestion(text, None, (), "stranger", answerable=False, asker=asker)
