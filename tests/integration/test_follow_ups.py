"""Follow-ups searched with their window, with the real model."""

from datetime import timedelta

import asyncpg
import pytest

from retrieval.embedders import Embedder
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search import search_conversation
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, SearchRequest, SearchResponse
from tests.support.builders import NOON, message

SAID = [
    ("cleo", "The cellar pump stopped again, water everywhere."),
    ("ben", "I replaced its seal, the bill was 310 euros."),
    ("cleo", "My violin lessons start in October, I am thrilled."),
    ("ben", "I want to learn the trumpet one day."),
    ("ana", "The parcel A-48213 holds the chair."),
    ("ana", "A-50017 was left with the neighbour on the third floor."),
    ("cleo", "Dinner on Friday? I will make soup."),
    ("ben", "The fence needs paint before the winter."),
    ("cleo", "My sister Ines moved to Porto with her two cats."),
    ("ben", "My brother lives in Oslo and works on a ferry."),
]
FILLER = ["The weather is fine.", "Did anybody see my glasses?", "I am late, the tram broke down."]


@pytest.fixture
async def room(db: asyncpg.Pool, minilm: Embedder) -> ConversationId:
    conversation_id, _ = await create_room(db, name="helpdesk")
    said = [*SAID, *(("ben", FILLER[n % 3]) for n in range(30))]
    messages = [message(n, text, participant=who) for n, (who, text) in enumerate(said, start=1)]
    await append_messages(db, conversation_id=conversation_id, messages=messages)
    model = await ensure_model(db, name=minilm.name, dimension=minilm.dimension)
    limits = BatchLimits(quiet=timedelta(0))
    await EmbeddingWorker(db, minilm, model, limits=limits).drain()
    return conversation_id


class Asking:
    def __init__(self, db: asyncpg.Pool, minilm: Embedder, room: ConversationId) -> None:
        self._db, self._minilm, self._room = db, minilm, room

    async def __call__(self, query: str, *window: str) -> SearchResponse:
        spoken = [line.split(": ", 1) for line in window]
        said = [
            {"role": "assistant" if who == "agent" else "user", "participant": who, "content": text}
            for who, text in spoken
        ]
        request = SearchRequest.model_validate(
            {"query": query, "asker": "ana", "limit": 3, "window": said}
        )
        return await search_conversation(
            self._db, self._minilm, conversation_id=self._room, request=request, now=NOON
        )


@pytest.fixture
def ask(db: asyncpg.Pool, minilm: Embedder, room: ConversationId) -> Asking:
    return Asking(db, minilm, room)


def _best(found: SearchResponse) -> str:
    return found.hits[0].message.content


async def test_an_ellipsis_finds_what_its_question_was_about(ask: Asking) -> None:
    said = ("ana: What was wrong with the cellar pump?", "agent: It stopped, says Cleo.")
    alone, together = await ask("and how much?"), await ask("and how much?", *said)
    assert alone.read_as is None
    assert "310 euros" in " ".join(hit.message.content for hit in together.hits)
    assert together.read_as is not None
    assert together.relevant


async def test_another_person_is_asked_about_in_the_same_words(ask: Asking) -> None:
    found = await ask("What about Ben?", "ana: Which instrument does Cleo want to learn?")
    assert found.read_as == "Which instrument does Ben want to learn?"
    assert "trumpet" in _best(found)


async def test_she_is_who_was_spoken_of(ask: Asking) -> None:
    said = ("ana: When does Cleo start with the violin?", "agent: In October.")
    found = await ask("Where does her sibling live these days?", *said)
    assert found.read_as == "Where does Cleo's sibling live these days?"
    assert "Porto" in _best(found)


async def test_the_second_one_is_the_second_that_was_listed(ask: Asking) -> None:
    said = ("ana: Which parcels are there?", "agent: A-48213 and A-50017.")
    assert "neighbour" in _best(await ask("and the second one?", *said))
    assert "chair" in _best(await ask("and the first one?", *said))


async def test_a_question_that_stands_on_its_own_is_searched_as_without_a_window(
    ask: Asking,
) -> None:
    said = ("ana: What does Cleo play?", "agent: The violin.")
    for query in ("Where is the parcel A-50017?", "What did Ben replace?", "Who moved to Porto?"):
        alone, beside = await ask(query), await ask(query, *said)
        assert [hit.model_dump() for hit in alone.hits] == [hit.model_dump() for hit in beside.hits]
        assert (alone.confidence, alone.relevant) == (beside.confidence, beside.relevant)
        assert beside.read_as is None


async def test_small_talk_stays_small_talk_after_a_question(ask: Asking) -> None:
    found = await ask("thanks, great", "ana: What was wrong with the cellar pump?")
    assert found.hits == []
    assert found.read_as is None


async def test_words_that_say_nothing_in_the_rooms_language_are_a_follow_up(
    db: asyncpg.Pool, minilm: Embedder
) -> None:
    room, _ = await create_room(db, name="heim", language="german")
    texts = ["Die Pumpe im Keller wurde am Montag repariert.", "Das Wetter ist schön."]
    messages = [message(n, text) for n, text in enumerate(texts, start=1)]
    await append_messages(db, conversation_id=room, messages=messages)
    ask = Asking(db, minilm, room)
    found = await ask("wann war das denn?", "ana: Wer hat die Pumpe repariert?", "agent: Ben.")
    assert found.read_as == "Wer hat die Pumpe repariert? Ben. wann war das denn?"
    assert "Montag" in _best(found)
