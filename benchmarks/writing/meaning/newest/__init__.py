"""One fact told many times with other values: the newest, the first, those before, a correction."""

from collections.abc import Iterator

from benchmarks.writing.meaning.newest.corrections import corrections
from benchmarks.writing.meaning.newest.languages import LANGUAGES
from benchmarks.writing.meaning.newest.story import Ask, Fact, Story, stories
from benchmarks.writing.meaning.newest.values import number, person, price, reading, street
from benchmarks.writing.trial import Draw, SubKind

FACTS = (
    Fact("address", ("My address is {v}.", "I moved, my address is {v}.", "The address for letters to me is {v}."), street),
    Fact("phone number", ("My phone number is {v}.", "You reach me by phone, number {v}.", "I have a phone with the number {v}."), number),
    Fact("meter reading", ("Meter reading is {v}.", "I read the meter: {v}.", "The meter reading says {v}."), reading),
    Fact("rent", ("My rent is {v}.", "The rent I pay is {v}.", "They set my rent to {v}."), price),
    Fact("doctor", ("My doctor is {v}.", "I go to doctor {v}.", "As a doctor I have {v}."), person),
    Fact("password hint", ("My password hint is {v}.", "I set the password hint to {v}.", "The hint for my password is {v}."), person),
    Fact("gym plan", ("My gym plan is {v} a month.", "At the gym I am on the plan for {v}.", "The gym put me on a plan of {v}."), price),
)  # fmt: skip
NEWEST = (
    "What is my {n} now?", "What is my current {n}?", "What is my latest {n}?", "newest {n}",
    "What is my most recent {n}?", "What is my {n} at the moment?", "What is my {n} these days?",
    "What is my {n} currently?", "What is my {n} as of today?", "What was the last {n} I gave you?",
    "What is my up-to-date {n}?", "present {n}",
)  # fmt: skip
FIRST = (
    "What was my first {n}?", "What was my original {n}?", "What was my {n} originally?", "my earliest {n}",
    "What was my {n} at the beginning?", "What was my initial {n}?", "What was the very first {n} I told you?",
    "What was my oldest {n}?",
)  # fmt: skip
BEFORE_LAST = (
    "What was my previous {n}?", "What was my {n} before the current one?",
    "What was the last {n} before this one?",
)  # fmt: skip
EARLIER = (
    "What was my {n} before?",
    "What was my former {n}?",
    "What was my {n} previously?",
    "an old {n} of mine",
)
"""Any but the newest is right."""
SMALL_TALK = (
    "The weather was awful today.", "We had pancakes.", "The bus was late again.", "Lovely walk with the dog.",
    "I watched a film.", "The neighbours were loud.", "Cut the grass this morning.", "My back hurts a bit.",
)  # fmt: skip
OF_IDA = {
    "asked by another, newest": Ask("What is Ida's {n} now?", -1, asker="Ben"),
    "asked by another, first": Ask("What was Ida's first {n}?", 0, 1, asker="Ben"),
    "asked by another, previous": Ask("What was Ida's previous {n}?", -2, -1, asker="Ben"),
}


def newest(draw: Draw) -> list[SubKind]:
    return [*_english(draw), *_others(draw), *corrections(draw)]


def _english(draw: Draw) -> Iterator[SubKind]:
    told = stories(draw, "english", FACTS, SMALL_TALK)
    asks = {f"newest: {text}": Ask(text, -1) for text in NEWEST}
    asks |= {f"first: {text}": Ask(text, 0, 1) for text in FIRST}
    asks |= {f"before: {text}": Ask(text, -2, -1) for text in BEFORE_LAST}
    asks |= {f"before: {text}": Ask(text, 0, -1) for text in EARLIER}
    for name, ask in (asks | OF_IDA).items():
        yield _sub_kind(draw, name, ask, told, FACTS)


def _others(draw: Draw) -> Iterator[SubKind]:
    for name, language in LANGUAGES.items():
        told = stories(draw, name, language.facts, language.small_talk, language.tag)
        for asked, ask in language.asks().items():
            yield _sub_kind(draw, f"{name}, {asked}", ask, told, language.facts)


def _sub_kind(
    draw: Draw, name: str, ask: Ask, told: list[Story], facts: tuple[Fact, ...]
) -> SubKind:
    pairs = [(story, fact.noun) for fact in facts for story in told][: draw.rows]
    return SubKind(
        name,
        tuple(story.row(ask, noun) for story, noun in pairs),
        tuple(story.control(ask, noun) for story, noun in pairs),
    )
