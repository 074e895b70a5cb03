"""Questions asked again and again, and the agent's own quotations, beside the one answer.

A question that was asked before may come first: its answer must be among the first three. An answer
must come before what quotes it.
"""

from collections.abc import Iterator

from benchmarks.writing.names.digits import numbers
from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Chat, Draw, Row, Said, SubKind

ASKED = (
    "What is the code for {x}?", "what was the code for {x} again?", "Do you know the code for {x}?",
    "Code for {x} please?", "Can you tell me the code for {x}?", "I forgot the code for {x}, what is it?",
    "the code for {x}??", "Sorry, what's the code for {x}?", "Does anyone have the code for {x}?",
    "Hi, I need the code for {x}", "Please remind me of the code for {x}", "code for {x}?",
    "Where do I find the code for {x}?", "Which code does {x} have?", "What code is it for {x}?",
)  # fmt: skip
QUESTION = "What is the code for {x}?"
ANSWER = "The code for {x} is {v}."
QUOTED = (
    "You said earlier: “The code for {x} is {v}.”", "As you told me, the code for {x} is {v}.",
    "I remember that the code for {x} is {v}.", "According to your message, the code for {x} is {v}.",
    "The code for {x} is {v}.",
)  # fmt: skip
SHORT_ANSWER = "It is {v} for {x}, behind the blue door."
TOLD_LATER = "By the way, {x} has {v} as code, I looked it up."


def repeats(draw: Draw) -> list[SubKind]:
    return [
        *_crowded(draw, "asked before", ANSWER, before=15, after=0),
        *_crowded(draw, "asked after", ANSWER, before=0, after=15),
        *_crowded(draw, "asked before and after", ANSWER, before=8, after=8),
        *_crowded(draw, "asked before, answered in other words", SHORT_ANSWER, before=15, after=0),
        *_crowded(draw, "asked after, told in passing", TOLD_LATER, before=0, after=15),
        *_quoted(draw, "quoted by the agent once", 1),
        *_quoted(draw, "quoted by the agent five times", 5),
    ]


def _pairs(draw: Draw, name: str) -> list[tuple[str, str]]:
    random = draw.random("repeats", name)
    return list(zip(names(random, draw.rows), numbers(random, draw.rows, 4), strict=True))


def _crowded(draw: Draw, name: str, answer: str, *, before: int, after: int) -> Iterator[SubKind]:
    """The control has one question instead of all."""
    pairs = _pairs(draw, name)
    rows = _chat_of(pairs, answer, ASKED[:before], ASKED[:after])
    controls = _chat_of(pairs, answer, ASKED[: min(before, 1)], ASKED[: min(after, 1)])
    yield SubKind(name, rows, controls)


def _chat_of(
    pairs: list[tuple[str, str]], answer: str, before: tuple[str, ...], after: tuple[str, ...]
) -> tuple[Row, ...]:
    """Twenty answers in one room: each name's questions stand around its answer."""
    said: list[tuple[str, str]] = []
    places = []
    for x, v in pairs:
        said += [(text.format(x=x), "Bob") for text in before]
        places.append(len(said))
        said.append((answer.format(x=x, v=v), "Ida"))
        said += [(text.format(x=x), "Bob") for text in after]
    count = len(said)
    chat = Chat(
        tuple(Said(text, (count - n) / 6, speaker) for n, (text, speaker) in enumerate(said))
    )
    return tuple(
        Row(chat, QUESTION.format(x=x), frozenset([place]), asker="Bob", within=3)
        for (x, _), place in zip(pairs, places, strict=True)
    )


def _quoted(draw: Draw, name: str, times: int) -> Iterator[SubKind]:
    """The control has no quotations."""
    pairs = _pairs(draw, name)
    told = [Said(ANSWER.format(x=x, v=v), 60 - n, "Ida") for n, (x, v) in enumerate(pairs)]
    quotes = [
        Said(
            QUOTED[(n + time) % len(QUOTED)].format(x=x, v=v),
            20 - n / 2 - time / 100,
            "Agent",
            "assistant",
        )
        for n, (x, v) in enumerate(pairs)
        for time in range(times)
    ]
    with_quotes, without = Chat((*told, *quotes)), Chat(tuple(told))
    asked = [QUESTION.format(x=x) for x, _ in pairs]
    rows = [Row(with_quotes, text, frozenset([n]), asker="Ida") for n, text in enumerate(asked)]
    controls = [Row(without, text, frozenset([n]), asker="Ida") for n, text in enumerate(asked)]
    yield SubKind(name, tuple(rows), tuple(controls))
