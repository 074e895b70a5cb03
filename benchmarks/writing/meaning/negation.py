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
"""What {a} and {b} are said to do, the question, and that of the control."""


def negation(draw: Draw) -> list[SubKind]:
    return [one for name, way in WAYS.items() for one in _way(draw, name, way)]


def _way(draw: Draw, name: str, way: tuple[str, str, str, str]) -> Iterator[SubKind]:
    """All habits in one chat; each second one says the negation first."""
    affirmed, negated, asked, plain = way
    habits = HABITS[: min(draw.rows, len(HABITS))]
    people = names(draw.random("negation", name), 2 * len(habits))
    texts: list[str] = []
    rows, controls = [], []
    found: list[tuple[str, str, int, int]] = []
    for place, (does, do) in enumerate(habits):
        pair = [affirmed.format(a=people[2 * place], s=does, v=do)]
        pair.insert(place % 2, negated.format(b=people[2 * place + 1], s=does, v=do))
        no = 2 * place + place % 2
        found.append((does, do, no, 4 * place + 1 - no))
        texts += pair
    chat = spread(texts)
    for does, do, no, yes in found:
        rows.append(Row(chat, asked.format(s=does, v=do), frozenset([no])))
        controls.append(Row(chat, plain.format(s=does, v=do), frozenset([yes])))
    yield SubKind(name, tuple(rows), tuple(controls))
