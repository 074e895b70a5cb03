"""Queries of one odd word, an identifier or a slip, all of which were said."""

from collections.abc import Iterator, Sequence

from benchmarks.writing.names.digits import codes, grouped, numbers
from benchmarks.writing.names.latin import names
from benchmarks.writing.spelling.typos import SLIPS
from benchmarks.writing.trial import Alike, Draw, Expectation, SubKind

EMOJI = "🚲 🎸 🍉 🐙 🏔️ ⛵ 🎂 🦔 🌵 🧀 🚜 🎻 🐌 🪁 🥨 🦩 🧊 🪴 🎯 🛶 🕯️ 🧵 🦜 🍄 🪕 👩‍🚒 🏴‍☠️ 🇵🇹 👋🏿 ☂️".split()
STOP_WORDS = "Up Her It Them Us Once Now Where Who Why Before After Not Same Any Other Down Off Under Through Both Here You Me".split()
PRAISE = "Wonderful Love Great Perfect Cool Nice Awesome Super Sweet Sorry Amazing Lovely Brilliant Excellent Fantastic Hello Goodbye Okay Fine Yes Welcome Please Maybe".split()
PLAIN_TITLES = ("Did anybody see the film {x} yet?", "{x}")


def said_words(draw: Draw) -> Iterator[SubKind]:
    titles = names(draw.random("titles"), draw.rows)
    yield from _words(draw, "emoji", EMOJI, "The photo from Sunday {x} is on the fridge.", titles)
    yield from _words(
        draw, "stop word as a title", STOP_WORDS, "We watched {x} on Saturday night.", titles
    )
    yield from _words(
        draw, "praise as a title", PRAISE, "The song {x} was on the radio again.", titles
    )
    yield from _identifiers(draw)
    yield from _slips(draw)


def _words(
    draw: Draw, name: str, words: Sequence[str], said: str, titles: tuple[str, ...]
) -> Iterator[SubKind]:
    """The control has invented words instead."""
    chosen = tuple(draw.random("said", name).sample(words, min(draw.rows, len(words))))
    for how, asked, expects in WAYS:
        written = Alike(chosen, said, asked, expects=expects)
        plain = Alike(titles[: len(chosen)], said, asked, expects=expects)
        yield SubKind(f"{name}, {how}", written.rows(), plain.rows())


WAYS: tuple[tuple[str, str, Expectation], ...] = (
    ("alone", "{x}", "first"),
    ("in quotes", "“{x}”", "first"),
    ("in a question", "When was {x} mentioned?", "first"),
)


def _identifiers(draw: Draw) -> Iterator[SubKind]:
    """The control asks in a sentence."""
    values = {
        "id": (numbers(draw.random("said id"), draw.rows, 6), "Ticket {x} is waiting for a part."),
        "code": (codes(draw.random("said code"), draw.rows), "Ticket {x} is waiting for a part."),
        "phone": (
            tuple(
                f"0170 {grouped(n, 4, 3)}" for n in numbers(draw.random("said phone"), draw.rows, 7)
            ),
            "The tiler answers under {x} only.",
        ),
    }
    for name, (given, said) in values.items():
        sentence = Alike(given, said, "What is known about {x}?", expects="first and relevant")
        alone = Alike(given, said, "{x}", expects="first and relevant")
        yield SubKind(f"{name} alone is relevant", alone.rows(), sentence.rows())


def _slips(draw: Draw) -> Iterator[SubKind]:
    for name, slip in SLIPS.items():
        random = draw.random("said slip", name)
        people = names(random, draw.rows)
        alike = Alike(
            people,
            "The tiler {x} wants to come on Monday.",
            "when does the tiler {x} come",
            expects="first and relevant",
        )
        rows = alike.rows(asked=lambda value, slip=slip, random=random: slip(random, value))  # type: ignore[misc]
        yield SubKind(f"misspelt is relevant, {name}", rows, alike.rows())
