"""State, order, corrections, repeats and denial, by the real embedding model."""

from collections.abc import Iterator, Sequence
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
from retrieval.wire import (
    ConversationId,
    MessageCreate,
    MessageId,
    SearchRequest,
    SearchResponse,
)
from testbed.postgres import Server
from tests.support.builders import NOON
from tests.support.filled_database import filled_database

BEFORE = ("The weather was dreadful today.", "We had dumplings.", "My back hurts a bit now.")
BETWEEN = ("I watched a new series, my current favourite.", "The first snow came early.")

SAUNA = ("The sauna costs 21 euros.", "The sauna costs 34 euros.", "We pay 48 euros for the sauna.")
TARIF = ("Mein Tarif ist Blau.", "Mein Tarif ist Grün.", "Mein Tarif ist Rot.")
FORFAIT = ("Mon forfait est Azur.", "Mon forfait est Corail.", "Mon forfait est Sable.")
ПЛАН = ("Мой тариф Берёза.", "Мой тариф Сосна.", "Мой тариф Осина.")
套餐 = ("我的套餐是青山12号。", "我的套餐是白云34号。", "我的套餐是长河56号。")
JOBS = ("Jo: I work as a tailor.", "Kim: I work as a nurse.", "Jo: I work as a roofer.",
        "Kim: I work as a judge.")  # fmt: skip
BUS = ("Ada takes the bus.", "Ben never takes the bus.", "The bus leaves at nine.")

KEY = ("Where is the spare key?", "where's the spare key again?", "I forgot where the spare key is",
       "Does anyone know where the spare key is?", "Where did you put the spare key?",
       "Please remind me where the spare key is", "spare key?", "Sorry, where is the spare key?",
       "Where can I find the spare key?", "Hi, I need the spare key", "who has the spare key?",
       "The spare key hangs in the shed.", "where is the spare key??")  # fmt: skip
QUOTED = ("The spare key hangs in the shed.",
          "Agent: As you told me, the spare key hangs in the shed.",
          "Agent: On 14 March 2026 at 22:00, you said: “The spare key hangs in the shed.”",
          "Agent: Your spare key is in the shed!")  # fmt: skip

CASES: list[tuple[Sequence[str], str, str]] = [
    (SAUNA, "What does the sauna cost now?", "48"),
    (SAUNA, "latest sauna price", "48"),
    (SAUNA, "What was the first price of the sauna?", "21"),
    (SAUNA, "What did the sauna cost previously?", "34"),
    (JOBS, "What does Jo currently work as?", "roofer"),
    (JOBS, "What was Kim's previous work?", "nurse"),
    (TARIF, "Was ist mein aktueller Tarif?", "Rot"),
    (TARIF, "Was war mein erster Tarif?", "Blau"),
    (TARIF, "Was war mein vorheriger Tarif?", "Grün"),
    (FORFAIT, "Quel est mon forfait actuel ?", "Sable"),
    (FORFAIT, "Quel était mon forfait précédent ?", "Corail"),
    (ПЛАН, "Какой у меня сейчас тариф?", "Осина"),
    (套餐, "我现在的套餐是什么？", "长河"),
    (套餐, "我最初的套餐是什么？", "青山"),
    (("The gym opens at six.", "no wait, at seven"), "When does the gym open?", "seven"),
    (("Dinner with Paul is on Monday.", "*Tuesday"), "When is dinner with Paul?", "*Tuesday"),
    (("The alarm code is 4471.", "The alarm code is 9982."), "What is the alarm code?", "9982"),
    (("Our vet is Dr Sand.", "I was wrong, our vet is Dr Moss."), "Who is our vet?", "Moss"),
    (("Ann's code is 4471.", "Actually Bo's code is 9982."), "What is Ann's code?", "4471"),
    (KEY, "Where is the spare key?", "shed"),
    (QUOTED, "Where is the spare key?", "The spare key hangs"),
    (BUS, "Who does not take the bus?", "Ben"),
    (BUS, "Who takes the bus?", "Ada"),
]  # fmt: skip


@pytest.fixture(scope="module")
def database_template(postgres: Server, minilm: Embedder) -> Iterator[str]:
    with filled_database(postgres, lambda db: _fill(db, minilm)) as name:
        yield name


async def _fill(db: asyncpg.Pool, minilm: Embedder) -> None:
    for said in dict.fromkeys(tuple(said) for said, _, _ in CASES):
        room, _ = await create_room(db, name=_room_of(said))
        await append_messages(db, conversation_id=room, messages=_messages(said))
    model = await ensure_model(db, name=minilm.name, dimension=minilm.dimension)
    limits = BatchLimits(quiet=timedelta(0))
    await EmbeddingWorker(db, minilm, model, limits=limits).drain()


def _room_of(said: Sequence[str]) -> str:
    return f"room {said[0]}{len(said)}"


def _messages(said: Sequence[str]) -> list[MessageCreate]:
    """A minute apart, with small talk before and behind all but the last."""
    found = []
    for number, line in enumerate([*BEFORE, *said[:2], *said[2:-1], *BETWEEN, *said[2:][-1:]]):
        who, _, text = line.partition(": ") if line.split(": ")[0] in PEOPLE else ("Ida", "", line)
        found.append(
            MessageCreate(
                id=MessageId(f"m{number}"),
                role="assistant" if who == "Agent" else "user",
                participant=who,
                content=text,
                created_at=NOON + timedelta(minutes=number),
            )
        )
    return found


PEOPLE = {"Jo", "Kim", "Agent"}


async def ask(
    db: asyncpg.Pool, embedder: Embedder, said: Sequence[str], query: str
) -> SearchResponse:
    room: ConversationId = await db.fetchval(
        "select conversation_id from conversation where room = $1", _room_of(said)
    )
    request = SearchRequest(query=query, asker="Ida", explain=True)
    return await search_conversation(
        db, embedder, conversation_id=room, request=request, now=NOON + timedelta(days=1)
    )


@pytest.mark.parametrize(("said", "query", "expected"), CASES)
async def test_the_one_that_is_asked_for_comes_first(
    db: asyncpg.Pool, minilm: Embedder, said: Sequence[str], query: str, expected: str
) -> None:
    found = await ask(db, minilm, said, query)
    assert expected in found.hits[0].message.content


async def test_what_stands_for_others_tells_which(db: asyncpg.Pool, minilm: Embedder) -> None:
    first = (await ask(db, minilm, QUOTED, "Where is the spare key?")).hits[0]
    assert first.also_said.count == 3
    assert len(set(first.also_said.ids) | {first.message.id}) == 4


async def test_the_explanation_adds_up_to_the_score(db: asyncpg.Pool, minilm: Embedder) -> None:
    for said, query, _ in CASES[:4] + CASES[-4:]:
        for hit in (await ask(db, minilm, said, query)).hits:
            assert hit.parts is not None
            assert sum(hit.parts.values()) == pytest.approx(hit.score)
