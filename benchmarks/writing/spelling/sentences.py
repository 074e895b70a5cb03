"""Sentences about one name, at its beginning, middle or end, with a question for each."""

from random import Random

from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Alike, Draw

SENTENCES = (
    ("The parcel for {x} is on the third floor.", "Where is the parcel for {x} now?"),
    ("Please call {x} back before lunch.", "When should we call {x} back?"),
    ("Yesterday {x} asked for a copy of the lease.", "What did {x} ask for?"),
    ("The meeting with {x} was moved to the small room.", "Where do we meet with {x} then?"),
    ("We lent the big ladder to {x} last spring.", "What did we lend to {x} exactly?"),
    ("I left the spare key with {x} at the bakery.", "What did I leave with {x} there?"),
    ("The song by {x} was on the radio all day.", "Where was the song by {x} played?"),
    ("Somebody from {x} wants to see the roof.", "What does somebody from {x} want?"),
    ("My sister works for {x} since the summer.", "Who works for {x} at the moment?"),
    ("The invoice from {x} is still not paid.", "What about the invoice from {x} then?"),
)


def about_names(draw: Draw, *path: str, values: tuple[str, ...] | None = None) -> Alike:
    random = draw.random(*path)
    said, asked = random.choice(SENTENCES)
    return Alike(values or names(random, draw.rows), said, asked)


def families(draw: Draw, kind: str, count: int = 4) -> list[Alike]:
    """Sentences with names of their own; ways of writing take turns with them."""
    random: Random = draw.random(kind)
    chosen = random.sample(SENTENCES, count)
    return [Alike(names(random, draw.rows), said, asked) for said, asked in chosen]
