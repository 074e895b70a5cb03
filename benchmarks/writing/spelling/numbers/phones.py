"""Ways to write a phone number. The values are German mobile, American and French numbers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from random import Random

from benchmarks.writing.names.digits import grouped, numbers
from benchmarks.writing.trial import Alike, Draw, SubKind

Ways = Mapping[str, Callable[[str], str]]

GERMAN: Ways = {  # of 7 digits
    "joined": lambda n: f"+49170{n}",
    "spaces": lambda n: f"+49 170 {grouped(n, 4, 3)}",
    "one group": lambda n: f"+49 170 {n}",
    "dots": lambda n: f"+49.170.{grouped(n, 4, 3, sign='.')}",
    "hyphens": lambda n: f"+49-170-{n}",
    "zero in parentheses": lambda n: f"+49 (0)170 {n}",
    "pairs": lambda n: f"+49 170 {grouped(n, 1, 2)}",
    "00 prefix": lambda n: f"0049170{n}",
    "00 prefix and spaces": lambda n: f"0049 170 {grouped(n, 3, 2)}",
    "national": lambda n: f"0170{n}",
    "national with spaces": lambda n: f"0170 {grouped(n, 3, 2)}",
    "national with slash": lambda n: f"0170/{n}",
    "national with hyphen": lambda n: f"0170-{n}",
    "no-break spaces": lambda n: f"+49\u00a0170\u00a0{n}",
    "link": lambda n: f"tel:+49170{n}",
}
AMERICAN: Ways = {  # of 7 digits
    "joined": lambda n: f"212{n}",
    "parentheses": lambda n: f"(212) {grouped(n, 3, 4, sign='-')}",
    "parentheses without space": lambda n: f"(212){grouped(n, 3, 4, sign='-')}",
    "hyphens": lambda n: f"212-{grouped(n, 3, 4, sign='-')}",
    "dots": lambda n: f"212.{grouped(n, 3, 4, sign='.')}",
    "spaces": lambda n: f"212 {grouped(n, 3, 4)}",
    "international": lambda n: f"+1 212 {grouped(n, 3, 4)}",
    "international hyphens": lambda n: f"+1-212-{grouped(n, 3, 4, sign='-')}",
    "international joined": lambda n: f"+1212{n}",
    "trunk": lambda n: f"1-212-{grouped(n, 3, 4, sign='-')}",
    "en dash": lambda n: f"212–{grouped(n, 3, 4, sign='–')}",
}
FRENCH: Ways = {  # of 8 digits
    "joined": lambda n: f"06{n}",
    "pairs": lambda n: f"06 {grouped(n, 2)}",
    "dotted pairs": lambda n: f"06.{grouped(n, 2, sign='.')}",
    "international": lambda n: f"+33 6 {grouped(n, 2)}",
    "international joined": lambda n: f"+336{n}",
    "00 prefix": lambda n: f"00336{n}",
    "zero in parentheses": lambda n: f"+33 (0)6 {grouped(n, 2)}",
}
COUNTRIES = {
    "german phone": (
        GERMAN,
        7,
        "The plumber can be reached under {x} all day.",
        "Who can be reached under {x}?",
    ),
    "american phone": (
        AMERICAN,
        7,
        "The new landlord left his number, {x}, on the table.",
        "Whose number is {x}?",
    ),
    "french phone": (FRENCH, 8, "Call the school at {x} if the bus is late.", "What is {x} for?"),
}


def phones(draw: Draw) -> Iterator[SubKind]:
    """Each way stored and asked joined, and the reverse; the control has both joined."""
    for country, (ways, digits, said, asked) in COUNTRIES.items():
        values = numbers(draw.random("phones", country), draw.rows, digits)
        alike = Alike(values, said, asked)
        joined = ways["joined"]
        controls = alike.rows(said=joined, asked=joined)
        for name, way in ways.items():
            if name != "joined":
                stored = alike.rows(said=way, asked=joined)
                yield SubKind(f"{country}: {name}, asked joined", stored, controls)
                spelt = alike.rows(said=joined, asked=way)
                yield SubKind(f"{country}: joined, asked {name}", spelt, controls)
        any_way = _any_way(ways, draw.random("phones", country, "any"))
        rows = alike.rows(said=any_way, asked=any_way)
        yield SubKind(f"{country}: any way, asked any way", rows, controls)
        bare = replace(alike, asked="{x}", expects="first and relevant")
        plain = bare.rows(said=joined, asked=joined)
        yield SubKind(
            f"{country}: nothing else asked", bare.rows(said=any_way, asked=any_way), plain
        )


def _any_way(ways: Ways, random: Random) -> Callable[[str], str]:
    choices = list(ways.values())
    return lambda number: random.choice(choices)(number)
