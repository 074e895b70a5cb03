"""Sentences about one name, at its beginning, middle or end, with a question for each."""

from random import Random

from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Alike, Draw

SENTENCES = (
    ("The parcel for {x} came this morning, but nobody was in, so it is on the third floor next to the lift.", "Where is the parcel for {x} now?"),
    ("If you find the time, please call {x} back before lunch, it was about the broken window in the hall.", "Why should we call {x} back?"),
    ("Yesterday around noon {x} asked for a copy of the lease and wanted to have it by the end of the week.", "What did {x} ask for?"),
    ("Just so that everybody knows, the meeting with {x} was moved to the small room because of the noise.", "Where do we meet with {x} then?"),
    ("We lent the big ladder to {x} last spring and I think it was never brought back to the garage.", "What did we lend to {x} exactly?"),
    ("Before I left for the airport I gave the spare key to {x} at the bakery, with the red label on it.", "What did I give to {x} there?"),
    ("All day long they played this one song by {x} on the radio and now I cannot get it out of my head.", "Where was the song by {x} played?"),
    ("Somebody from {x} wants to have a look at the roof before it starts to rain again in autumn.", "What does somebody from {x} want?"),
    ("Since the summer my sister works for {x} as a driver, and she likes it more than the old job.", "Who works for {x} at the moment?"),
    ("I checked the whole folder twice and the invoice from {x} is still not paid, please do it today.", "What about the invoice from {x} then?"),
    ("When the storm was over we saw that the fence near {x} had fallen over, nothing else was broken.", "What happened near {x} in the storm?"),
    ("Please tell the new people that the coffee from {x} is for guests only, ours is in the lower drawer.", "Who is the coffee from {x} for?"),
)  # fmt: skip


def about_names(draw: Draw, *path: str, values: tuple[str, ...] | None = None) -> Alike:
    random = draw.random(*path)
    said, asked = random.choice(SENTENCES)
    return Alike(values or names(random, draw.rows), said, asked)


def families(draw: Draw, kind: str, count: int = 4) -> list[Alike]:
    """Sentences with names of their own; ways of writing take turns with them."""
    random: Random = draw.random(kind)
    chosen = random.sample(SENTENCES, count)
    return [Alike(names(random, draw.rows), said, asked) for said, asked in chosen]
