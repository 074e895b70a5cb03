"""Who does not: among two people who say the opposite."""

from collections.abc import Iterator

from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Draw, Row, SubKind, spread

HABITS = (
    ("drinks coffee", "drink coffee"), ("eats meat", "eat meat"), ("rides a bicycle", "ride a bicycle"),
    ("speaks French", "speak French"), ("likes dogs", "like dogs"), ("plays chess", "play chess"),
    ("owns a car", "own a car"), ("smokes", "smoke"), ("works on Saturdays", "work on Saturdays"),
    ("takes sugar", "take sugar"), ("wears glasses", "wear glasses"), ("swims", "swim"),
    ("reads novels", "read novels"), ("watches football", "watch football"), ("bakes bread", "bake bread"),
    ("sings in the choir", "sing in the choir"), ("answers the phone", "answer the phone"),
    ("pays rent", "pay rent"), ("trusts the bank", "trust the bank"), ("uses the lift", "use the lift"),
    ("travels by train", "travel by train"), ("collects stamps", "collect stamps"),
    ("listens to jazz", "listen to jazz"), ("snores", "snore"),
)  # fmt: skip
WAYS = {
    "does not": ("{a} {s}.", "{b} does not {v}.", "Who does not {v}?", "Who {s}?"),
    "doesn't": ("{a} {s}.", "{b} doesn't {v}.", "Who doesn't {v}?", "Who {s}?"),
    "doesn’t": ("{a} {s} now.", "{b} doesn’t {v} now.", "Who doesn’t {v} now?", "Who {s} now?"),
    "never": ("{a} often {s}.", "{b} never {s}.", "Who never {s}?", "Who often {s}?"),
    "said never, asked does not": (
        "{a} {s} a lot.",
        "{b} never {s}.",
        "Who does not {v}?",
        "Who {s} a lot?",
    ),
    "no longer": ("{a} still {s}.", "{b} no longer {s}.", "Who no longer {s}?", "Who still {s}?"),
    "cannot": ("{a} can {v}.", "{b} cannot {v}.", "Who cannot {v}?", "Who can {v}?"),
    "can't": ("{a} can {v}.", "{b} can't {v}.", "Who can not {v}?", "Who can {v}?"),
    "refuses": (
        "{a} likes to {v}.",
        "{b} refuses to {v}.",
        "Who refuses to {v}?",
        "Who likes to {v}?",
    ),
    "no, does not": (
        "{a} {s} every day.",
        "No, {b} does not {v}.",
        "Who does not {v}?",
        "Who {s}?",
    ),
    "stopped": (
        "{a} loves to {v}.",
        "{b} stopped this, does not {v} any more.",
        "Who doesn't {v}?",
        "Who loves to {v}?",
    ),
    "anyone who does not": (
        "{a} {s}.",
        "{b} doesn't {v}.",
        "Is there anyone who does not {v}?",
        "Is there anyone who {s}?",
    ),
    "except": ("{a} {s}, of course.", "Everybody {s} except {b}.", "Who does not {v}?", "Who {s}?"),
    "not yet": (
        "{a} already {s}.",
        "{b} does not {v} yet.",
        "Who does not {v} yet?",
        "Who already {s}?",
    ),
}
"""What {a} and {b} are said to do, who is asked for, and the opposite question."""


def negation(draw: Draw) -> list[SubKind]:
    return [one for name, way in WAYS.items() for one in _way(draw, name, way)]


def _way(draw: Draw, name: str, way: tuple[str, str, str, str]) -> Iterator[SubKind]:
    """All habits in one chat, in which the negation stands first every second time.

    The controls have only those who do not, or only those who do.
    """
    affirmed, negated, asked, plain = way
    habits = HABITS[: draw.rows]
    people = names(draw.random("negation", name), 2 * len(habits))
    yes = [affirmed.format(a=a, s=s, v=v) for a, (s, v) in zip(people[::2], habits, strict=True)]
    no = [negated.format(b=b, s=s, v=v) for b, (s, v) in zip(people[1::2], habits, strict=True)]
    both = _in_turns(no, yes)
    for how, question, right in (("", asked, no), (", asked who does", plain, yes)):
        texts = [question.format(s=s, v=v) for s, v in habits]
        yield SubKind(name + how, _rows(both, texts, right), _rows(right, texts, right))


def _in_turns(first: list[str], second: list[str]) -> list[str]:
    found: list[str] = []
    for place, pair in enumerate(zip(first, second, strict=True)):
        found += pair if place % 2 else pair[::-1]
    return found


def _rows(said: list[str], asked: list[str], right: list[str]) -> tuple[Row, ...]:
    chat = spread(said)
    return tuple(
        Row(chat, text, frozenset([said.index(one)]))
        for text, one in zip(asked, right, strict=True)
    )
