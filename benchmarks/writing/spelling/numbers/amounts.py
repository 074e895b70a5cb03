"""Ways to write an amount. The values are cents, of at least 1,000.00."""

from collections.abc import Callable, Iterator

from benchmarks.writing.names.digits import numbers, thousands
from benchmarks.writing.trial import Alike, Draw, SubKind

Way = Callable[[str], str]


def _english(cents: str) -> str:
    return f"{thousands(cents[:-2], ',')}.{cents[-2:]}"


EXACT: dict[str, Way] = {
    "1,234.50": _english,
    "1234.50": lambda c: f"{c[:-2]}.{c[-2:]}",
    "1.234,50": lambda c: f"{thousands(c[:-2], '.')},{c[-2:]}",
    "1234,50": lambda c: f"{c[:-2]},{c[-2:]}",
    "1 234,50": lambda c: f"{thousands(c[:-2], ' ')},{c[-2:]}",
    "1 234,50 with narrow spaces": lambda c: f"{thousands(c[:-2], chr(0x202F))},{c[-2:]}",
    "1'234.50": lambda c: f"{thousands(c[:-2], chr(39))}.{c[-2:]}",
    "1’234.50": lambda c: f"{thousands(c[:-2], '’')}.{c[-2:]}",
    "£1,234.50": lambda c: f"£{_english(c)}",
    "$1234.50": lambda c: f"${c[:-2]}.{c[-2:]}",
    "1.234,50 €": lambda c: f"{thousands(c[:-2], '.')},{c[-2:]} €",
    "1234,50€": lambda c: f"{c[:-2]},{c[-2:]}€",
    "EUR 1,234.50": lambda c: f"EUR {_english(c)}",
    "USD1234.50": lambda c: f"USD{c[:-2]}.{c[-2:]}",
}
WHOLE: dict[str, Way] = {
    "1,234": lambda c: thousands(c[:-2], ","),
    "1.234": lambda c: thousands(c[:-2], "."),
    "1 234": lambda c: thousands(c[:-2], " "),
    "1'234": lambda c: thousands(c[:-2], "'"),
    "£1,234": lambda c: f"£{thousands(c[:-2], ',')}",
    "£1234": lambda c: f"£{c[:-2]}",
    "$1,234": lambda c: f"${thousands(c[:-2], ',')}",
    "1234 €": lambda c: f"{c[:-2]} €",
    "1234€": lambda c: f"{c[:-2]}€",
    "1.234 €": lambda c: f"{thousands(c[:-2], '.')} €",
    "1,234.00": lambda c: f"{thousands(c[:-2], ',')}.00",
    "1234.-": lambda c: f"{c[:-2]}.-",
    "1.234,00 €": lambda c: f"{thousands(c[:-2], '.')},00 €",
    "¥1,234": lambda c: f"¥{thousands(c[:-2], ',')}",
}
ROUND: dict[str, Way] = {
    "12k": lambda c: f"{c[:-2]}k",
    "12,000": lambda c: f"{thousands(c[:-2], ',')},000",
    "12.000": lambda c: f"{thousands(c[:-2], '.')}.000",
}
UNITS: dict[str, Way] = {
    "12kg": lambda c: f"{c[:-2]}kg",
    "12\u00a0kg": lambda c: f"{c[:-2]}\u00a0kg",
    "12-kg": lambda c: f"{c[:-2]}-kg",
}
SENTENCES = (
    (
        "The roofer wants {x} for the work on the chimney, and he wants it in two weeks.",
        "Who wants {x} for the work?",
    ),
    (
        "After the repair the meter in the cellar of the old house showed {x} again.",
        "Where did it show {x}?",
    ),
    (
        "My brother says that he got {x} for the car that nobody wanted to buy.",
        "What did he get {x} for?",
    ),
    (
        "They counted everything twice and came to {x} at the end of the evening.",
        "When did they come to {x}?",
    ),
)


def amounts(draw: Draw) -> Iterator[SubKind]:
    yield from _ways(draw, "cents", EXACT, plain=EXACT["1234.50"])
    yield from _ways(draw, "whole", WHOLE, plain=lambda cents: cents[:-2])
    yield from _ways(draw, "thousands", ROUND, plain=lambda cents: f"{cents[:-2]}000")
    yield from _ways(draw, "units", UNITS, plain=lambda cents: f"{cents[:-2]} kg")


def _ways(draw: Draw, name: str, ways: dict[str, Way], *, plain: Way) -> Iterator[SubKind]:
    random = draw.random("amounts", name)
    cents = (f"{random.randrange(100):02}" for _ in range(draw.rows))
    whole = numbers(random, draw.rows, 4)
    alike = Alike(tuple(map("".join, zip(whole, cents, strict=True))), *random.choice(SENTENCES))
    controls = alike.rows(said=plain, asked=plain)
    for spelt, way in ways.items():
        if way is not plain:
            said = alike.rows(said=way, asked=plain)
            yield SubKind(f"amount {spelt} in the message ({name})", said, controls)
            asked = alike.rows(said=plain, asked=way)
            yield SubKind(f"amount {spelt} in the question ({name})", asked, controls)
    choices = list(ways.values())

    def any_way(value: str) -> str:
        return random.choice(choices)(value)

    rows = alike.rows(said=any_way, asked=any_way)
    yield SubKind(f"amounts written any way ({name})", rows, controls)
