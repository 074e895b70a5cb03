"""Questions of all kinds about one room."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from benchmarks.whole_search.served import SMALL_TALK
from benchmarks.whole_search.texts import OFF_TOPIC
from retrieval.wire import MessageCreate

WORD_LETTERS = 5
"""Of words that are asked for, at least."""
CHANNEL = {"channel": "web"}
"""Metadata of some messages."""


@dataclass(frozen=True)
class Question:
    kind: str
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Asker:
    """Draws from what was said, and from questions by people."""

    said: Sequence[MessageCreate]
    asked: Iterator[str]
    random: Random

    def question(self, number: int) -> Question:
        """All kinds in turn; every other time it explains its scores."""
        kind, made = list(KINDS.items())[number % len(KINDS)]
        explained = number // len(KINDS) % 2 == number % 2
        return Question(kind, {**made(self), "explain": explained})

    def message(self) -> MessageCreate:
        """Of the newest, one time of four."""
        newest = self.said[-20:]
        return self.random.choice(newest if self.random.random() < 0.25 else self.said)

    def words(self, number: int) -> list[str]:
        """Of one message, if it has as many."""
        said = self.message().content.split()
        long = [one for one in said if one.isalpha() and len(one) >= WORD_LETTERS]
        return self.random.sample(long, min(number, len(long))) or said[:number]

    def misspelt(self) -> str:
        """A letter too few, one too many, or two in the wrong order."""
        (word, *_) = self.words(1)
        at = self.random.randrange(1, max(len(word) - 1, 2))
        ways = (
            word[:at] + word[at + 1 :],
            word[:at] + word[at : at + 1] + word[at:],
            word[: at - 1] + word[at : at + 1] + word[at - 1 : at] + word[at + 1 :],
        )
        return self.random.choice(ways) or word


Request = dict[str, Any]


def _on_topic(asker: Asker) -> Request:
    return {"query": next(asker.asked)}


def _off_topic(asker: Asker) -> Request:
    return {"query": asker.random.choice(OFF_TOPIC)}


def _words(asker: Asker) -> Request:
    return {"query": " ".join(asker.words(3))}


def _misspelt(asker: Asker) -> Request:
    return {"query": f"who spoke of {asker.misspelt()} and {asker.misspelt()}?"}


def _since(asker: Asker) -> Request:
    start = asker.message().created_at
    return {"query": next(asker.asked), "since": start.isoformat()}


def _between(asker: Asker) -> Request:
    start = asker.message().created_at
    end = start + timedelta(hours=asker.random.randrange(1, 12))
    return {
        "query": next(asker.asked),
        "since": start.isoformat(),
        "until": end.isoformat(),
    }


def _participants(asker: Asker) -> Request:
    names = list({asker.message().participant for _ in range(3)})
    return {"query": next(asker.asked), "participants": names}


def _roles(asker: Asker) -> Request:
    return {"query": next(asker.asked), "roles": ["assistant"]}


def _metadata(asker: Asker) -> Request:
    return {"query": next(asker.asked), "metadata": CHANNEL}


def _excluded(asker: Asker) -> Request:
    return {
        "query": " ".join(asker.words(2)),
        "exclude_ids": [asker.message().id for _ in range(20)],
    }


def _all_filters(asker: Asker) -> Request:
    return {**_participants(asker), **_roles(asker), **_since(asker), **_excluded(asker)}


def _neighbours(asker: Asker) -> Request:
    return {"query": next(asker.asked), "neighbours": 3, "token_budget": 600}


def _little_room(asker: Asker) -> Request:
    return {"query": next(asker.asked), "token_budget": 60, "limit": 3}


def _many(asker: Asker) -> Request:
    return {"query": next(asker.asked), "limit": 100}


def _follow_up(asker: Asker) -> Request:
    before = asker.message()
    window = [
        {"role": "user", "participant": before.participant, "content": next(asker.asked)},
        {"role": "assistant", "participant": "agent", "content": before.content[:2000]},
    ]
    asked = asker.random.choice(("and when was that?", "why?", "and who said so?"))
    return {"query": asked, "window": window, "asker": before.participant}


def _speaker(asker: Asker) -> Request:
    word, *_ = asker.words(1)
    return {"query": f"what did {asker.message().participant} say about {word}?"}


def _own(asker: Asker) -> Request:
    word, *_ = asker.words(1)
    return {"query": f"what did I say about {word}?", "asker": asker.message().participant}


def _day(asker: Asker) -> Request:
    day = asker.message().created_at
    return {
        "query": f"what was the problem on {day:%d %B %Y}?",
        "time_zone": asker.random.choice(("UTC", "Europe/Berlin")),
    }


def _first(asker: Asker) -> Request:
    word, *_ = asker.words(1)
    order = asker.random.choice(("first", "last"))
    return {"query": f"when did we {order} speak of {word}?"}


def _small_talk(_: Asker) -> Request:
    return {"query": SMALL_TALK}


KINDS: Mapping[str, Callable[[Asker], Request]] = {
    "on topic": _on_topic,
    "off topic": _off_topic,
    "words": _words,
    "misspelt": _misspelt,
    "since": _since,
    "between": _between,
    "participants": _participants,
    "roles": _roles,
    "metadata": _metadata,
    "excluded": _excluded,
    "all filters": _all_filters,
    "neighbours": _neighbours,
    "little room": _little_room,
    "many": _many,
    "follow-up": _follow_up,
    "speaker": _speaker,
    "own": _own,
    "day": _day,
    "first or last": _first,
    "small talk": _small_talk,
}
