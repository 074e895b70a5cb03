"""One fact told many times with other values: the newest, the first, the one before, a correction."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.writing.names.digits import numbers
from benchmarks.writing.names.latin import name, names
from benchmarks.writing.trial import Chat, Draw, Row, Said, SubKind


@dataclass(frozen=True)
class Fact:
    """`noun` in questions; `told` are ways to tell {v}."""

    noun: str
    told: tuple[str, ...]


def _street(random: Random) -> str:
    return f"{random.randint(2, 180)} {name(random)} Road"


def _number(random: Random) -> str:
    return f"0{random.randrange(1000, 9999)} {random.randrange(100000, 999999)}"


def _price(random: Random) -> str:
    return f"{random.randint(12, 950)} euros"


def _reading(random: Random) -> str:
    return f"{random.randint(1000, 99999)}"


def _person(random: Random) -> str:
    return name(random)


FACTS = (
    (Fact("address", ("My address is {v}.", "I moved, my address is {v}.", "The address for letters to me is {v}.")), _street),
    (Fact("phone number", ("My phone number is {v}.", "You reach me by phone, number {v}.", "I have a phone with the number {v}.")), _number),
    (Fact("meter reading", ("Meter reading is {v}.", "I read the meter: {v}.", "The meter reading says {v}.")), _reading),
    (Fact("rent", ("My rent is {v}.", "The rent I pay is {v}.", "They set my rent to {v}.")), _price),
    (Fact("doctor", ("My doctor is {v}.", "I go to doctor {v}.", "As a doctor I have {v}.")), _person),
    (Fact("password hint", ("My password hint is {v}.", "I set the password hint to {v}.", "The hint for my password is {v}.")), _person),
    (Fact("gym plan", ("My gym plan is {v} a month.", "At the gym I am on the plan for {v}.", "The gym put me on a plan of {v}.")), _price),
)  # fmt: skip
SIZES = (3, 5, 12, 25)
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
BEFORE = (
    "What was my previous {n}?", "What was my {n} before?", "What was my {n} before the current one?",
    "What was my former {n}?", "What was the last {n} before this one?", "What was my {n} previously?",
)  # fmt: skip
SMALL_TALK = (
    "The weather was awful today.", "We had pancakes.", "The bus was late again.", "Lovely walk with the dog.",
    "I watched a film.", "The neighbours were loud.", "Cut the grass this morning.", "My back hurts a bit.",
)  # fmt: skip
CORRECTIONS = {
    "correction:": "Correction: the code of {x} is {v}.",
    "actually": "Actually, the code of {x} is {v}.",
    "sorry, I meant": "Sorry, I meant {v} for the code of {x}.",
    "not but": "The code of {x} is not {w} but {v}.",
    "scratch that": "Scratch that, the code of {x} is {v}.",
    "changed": "The code of {x} was changed to {v}.",
    "it's no longer": "{x} no longer has the code {w}, it is {v}.",
    "edit:": "EDIT: code of {x} is {v}",
    "star": "*{v} is the code of {x}",
}
ASKED_CODE = ("What is the code of {x}?", "code {x}", "Which code does {x} have?")


def newest(draw: Draw) -> list[SubKind]:
    found: list[SubKind] = []
    stories = [Story(draw, size) for size in SIZES]
    forms = {"newest": (NEWEST, -1), "first": (FIRST, 0), "before": (BEFORE, -2)}
    for kind, (asked, which) in forms.items():
        found += [_form(f"{kind}: {one}", one, stories, which, draw) for one in asked]
    found += _corrections(draw)
    return found


class Story:
    """A chat that tells each fact `size` times, a few days apart, among small talk."""

    def __init__(self, draw: Draw, size: int) -> None:
        random = draw.random("newest", str(size))
        events: list[tuple[float, str, str]] = []
        for fact, value in FACTS:
            ages = sorted((random.uniform(1, 300) for _ in range(size)), reverse=True)
            events += [
                (age, random.choice(fact.told).format(v=value(random)), fact.noun) for age in ages
            ]
        events += [(random.uniform(1, 300), text, "") for text in SMALL_TALK]
        self.said = [
            (Said(text, age, speaker="Ida"), noun)
            for age, text, noun in sorted(events, reverse=True)
        ]
        self.chat = Chat(tuple(said for said, _ in self.said))

    def told(self, noun: str) -> list[int]:
        return [place for place, (_, of) in enumerate(self.said) if of == noun]

    def row(self, asked: str, noun: str, which: int) -> Row:
        right = frozenset([self.told(noun)[which]])
        return Row(self.chat, asked.format(n=noun), right, asker="Ida")

    def control(self, asked: str, noun: str, which: int) -> Row:
        """In a chat where each fact was told once: this one."""
        kept = {self.told(fact.noun)[which] for fact, _ in FACTS}
        places = [n for n, (_, of) in enumerate(self.said) if n in kept or not of]
        chat = Chat(tuple(self.said[n][0] for n in places))
        right = frozenset([places.index(self.told(noun)[which])])
        return Row(chat, asked.format(n=noun), right, asker="Ida")


def _form(name: str, asked: str, stories: list[Story], which: int, draw: Draw) -> SubKind:
    pairs = [(story, fact.noun) for fact, _ in FACTS for story in stories][: max(draw.rows, 1)]
    return SubKind(
        name,
        tuple(story.row(asked, noun, which) for story, noun in pairs),
        tuple(story.control(asked, noun, which) for story, noun in pairs),
    )


def _corrections(draw: Draw) -> Iterator[SubKind]:
    """The correction may come just behind what it corrects; the control has no other."""
    for name_of, corrected in CORRECTIONS.items():
        random = draw.random("corrections", name_of)
        people = names(random, draw.rows)
        first, second = (numbers(random, draw.rows, 4) for _ in range(2))
        wrong = [f"The code of {x} is {w}." for x, w in zip(people, first, strict=True)]
        mended = [
            corrected.format(x=x, v=v, w=w) for x, v, w in zip(people, second, first, strict=True)
        ]
        count = draw.rows
        both = _told([*wrong, *mended])
        alone = _told(mended)
        asked = [ASKED_CODE[n % len(ASKED_CODE)].format(x=x) for n, x in enumerate(people)]
        rows = [Row(both, text, frozenset([count + n]), within=2) for n, text in enumerate(asked)]
        controls = [Row(alone, text, frozenset([n])) for n, text in enumerate(asked)]
        yield SubKind(f"correction, {name_of}", tuple(rows), tuple(controls))


def _told(texts: list[str]) -> Chat:
    return Chat(tuple(Said(text, len(texts) - place) for place, text in enumerate(texts)))
