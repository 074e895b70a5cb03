"""Talk as it could be in any room, and questions about it, the same for the same dice."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from retrieval.embedders import Embedder
from retrieval.search import search_conversation
from retrieval.search.memory.loading.kept import KeptRoom
from retrieval.search.memory.rooms import Rooms
from retrieval.wire import ConversationId, MessageCreate, Role, SearchRequest
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder

if TYPE_CHECKING:
    from retrieval.database.connection import Database

PEOPLE = ("ana", "ben", "Cleo", "dmitri")
AGENT = "support"
CHANNELS = ("web", "phone", 3, None)

NOUNS = (
    "pump", "lantern", "ferry", "invoice", "violin", "cellar", "garden", "ticket", "printer",
    "kettle", "roof", "passport", "bicycle", "contract", "puppy", "Zolvik", "Tavrelin", "Lisbon",
    "Maria", "A-48213", "4711", "42", "Keller", "Rechnung", "Schlüssel", "Katze", "насос",
)  # fmt: skip
VERBS = (
    "repaired",
    "lost",
    "sold",
    "painted",
    "paid",
    "promised",
    "cancelled",
    "verkauft",
    "moved",
)
OPENINGS = (
    "I {verb} the {noun}", "The {noun} was {verb} by {name}", "{name} {verb} a {noun} and {other}",
    "Who {verb} the {noun}?", "Ist die {noun} {verb}?", "No, I meant the {noun}, not the {other}",
    "Thanks!", "ok", "We never {verb} the {noun}", "The {noun} costs 310 euros", "Hello {name}",
)  # fmt: skip
QUESTIONS = (
    "{noun}", "{noun} {other}", "Who {verb} the {noun}?", "What did {name} say about the {noun}?",
    "When did I lose the {noun}?", "What was the last thing about the {noun}?",
    "the first {noun} that {name} {verb}", "What happened to the {noun} yesterday?",
    "Did we never {verb} the {noun}?", "How much was the {noun}?", "my {noun}", "Thanks",
    "Was hat {name} {verb}?", "Where is the {misspelt}?", "{misspelt} {verb}", "nothing like it",
    "what did you say about the {noun} on 14 March?",
)  # fmt: skip
FOLLOW_UPS = ("and when was that?", "and the {noun}?", "when?", "what about {name}?", "what then?")
SPELLED = ("lantern", "violin", "Tavrelin", "bicycle", "Keller")


def talk(
    dice: random.Random, count: int, *, first: int = 1, in_order: bool = True
) -> list[MessageCreate]:
    """Several speakers, long messages, repeats, metadata; not `in_order`: some arrive late."""
    said: list[MessageCreate] = []
    for number in range(first, first + count):
        text = _text(dice)
        if said and dice.random() < 0.3:
            text = dice.choice(said).content
        agent = dice.random() < 0.2
        one = message(
            number,
            text,
            participant=AGENT if agent else dice.choice(PEOPLE),
            role="assistant" if agent else "user",
            interrupted=dice.random() < 0.05,
            metadata=_metadata(dice),
        )
        if not in_order and dice.random() < 0.2:
            moved = timedelta(minutes=dice.choice((-30, -3, -1.5, 0.5, -1)))
            one = one.model_copy(update={"created_at": one.created_at + moved})
        said.append(one)
    return said


def questions(
    dice: random.Random, count: int, said: Sequence[MessageCreate]
) -> Iterator[SearchRequest]:
    for _ in range(count):
        request: dict[str, object] = {
            "query": _filled(dice, dice.choice(QUESTIONS)),
            "explain": True,
            "limit": dice.choice((1, 3, 10, 40)),
        }
        options = _options(dice, said)
        request |= {name: value for name, value in options.items() if dice.random() < 0.15}
        if dice.random() < 0.15:
            request["query"] = _filled(dice, dice.choice(FOLLOW_UPS))
            request["window"] = _window(dice, said)
        if dice.random() < 0.05:
            request["query"] = " ".join(one.content for one in dice.choices(said, k=30))[:4000]
        yield SearchRequest.model_validate(request)


def _options(dice: random.Random, said: Sequence[MessageCreate]) -> dict[str, object]:
    early, late = sorted(one.created_at for one in dice.choices(said, k=2))
    roles: list[Role] = [dice.choice(("user", "assistant"))]
    return {
        "since": early,
        "until": late + timedelta(minutes=10),
        "participants": dice.sample([*PEOPLE, "nobody"], k=dice.choice((1, 2))),
        "roles": roles,
        "metadata": {"channel": dice.choice(CHANNELS)},
        "exclude_ids": [one.id for one in dice.choices(said, k=5)],
        "neighbours": dice.choice((1, 2, 5)),
        "token_budget": dice.choice((60, 200, 1000)),
        "asker": dice.choice(PEOPLE),
        "time_zone": "Europe/Vienna",
    }


def _window(dice: random.Random, said: Sequence[MessageCreate]) -> list[dict[str, str]]:
    return [
        {
            "role": dice.choice(("user", "assistant")),
            "participant": dice.choice(PEOPLE),
            "content": dice.choice(said).content[:500],
        }
        for _ in range(4)
    ]


def _metadata(dice: random.Random) -> dict[str, JsonValue]:
    if dice.random() < 0.6:
        return {}
    return {"channel": dice.choice(CHANNELS), "n": dice.randint(1, 3)}


def _text(dice: random.Random) -> str:
    sentences = dice.choices((1, 2, 12, 40), weights=(70, 24, 4, 2))[0]
    return ". ".join(_filled(dice, dice.choice(OPENINGS)) for _ in range(sentences))


def _filled(dice: random.Random, template: str) -> str:
    word = dice.choice(NOUNS)
    return template.format(
        noun=word,
        other=dice.choice(NOUNS),
        name=dice.choice((*PEOPLE, "Maria")),
        verb=dice.choice(VERBS),
        misspelt=_misspelt(dice, dice.choice(SPELLED)),
    )


def _misspelt(dice: random.Random, word: str) -> str:
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


async def asked(
    db: "Database",
    room: ConversationId,
    request: SearchRequest,
    rooms: Rooms[KeptRoom] | None = None,
    *,
    embedder: Embedder | None = None,
) -> dict[str, Any]:
    """The response without its timings."""
    response = await search_conversation(
        db,
        embedder or HashEmbedder(),
        conversation_id=room,
        request=request,
        now=NOON + timedelta(days=1),
        rooms=rooms,
    )
    return response.model_dump(exclude={"timings"})
