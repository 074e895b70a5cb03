"""A fact and its correction: whoever asks for the fact must get the correction with it."""

from collections.abc import Iterator

from benchmarks.writing.names.digits import numbers
from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Chat, Draw, Row, Said, SubKind

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
WRONG = ("The code of {x} is {w}.", "{x} has the code {w}.", "For {x} the code {w} works.")
"""Told before, in this order."""
ASKED_CODE = ("What is the code of {x}?", "code {x}", "Which code does {x} have?")


def corrections(draw: Draw) -> Iterator[SubKind]:
    """The correction may come just behind what it corrects; the control has no other."""
    for name_of, corrected in CORRECTIONS.items():
        random = draw.random("corrections", name_of)
        people = names(random, draw.rows)
        first, second = (numbers(random, draw.rows, 4) for _ in range(2))
        wrong = [way.format(x=x, w=w) for way in WRONG for x, w in zip(people, first, strict=True)]
        mended = [
            corrected.format(x=x, v=v, w=w) for x, v, w in zip(people, second, first, strict=True)
        ]
        both = _told([*wrong, *mended])
        alone = _told(mended)
        asked = [ASKED_CODE[n % len(ASKED_CODE)].format(x=x) for n, x in enumerate(people)]
        rows = [
            Row(both, text, frozenset([len(wrong) + n]), within=2) for n, text in enumerate(asked)
        ]
        controls = [Row(alone, text, frozenset([n])) for n, text in enumerate(asked)]
        yield SubKind(f"correction, {name_of}", tuple(rows), tuple(controls))


def _told(texts: list[str]) -> Chat:
    return Chat(tuple(Said(text, len(texts) - place) for place, text in enumerate(texts)))
