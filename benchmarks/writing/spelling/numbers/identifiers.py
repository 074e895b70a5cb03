"""Ways to write identifiers, their last digits, and digits of other scripts."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.writing.names.digits import SCRIPTS, codes, grouped, in_script, numbers
from benchmarks.writing.trial import Alike, Draw, SubKind, plain

Ways = dict[str, Callable[[str], str]]

NUMBERS: Ways = {  # of 5 digits
    "123 45": lambda n: grouped(n, 3, 2),
    "12-345": lambda n: grouped(n, 2, 3, sign="-"),
    "12.345": lambda n: grouped(n, 2, 3, sign="."),
    "#12345": lambda n: f"#{n}",
    "No.12345": lambda n: f"No.{n}",
    "Nº12345": lambda n: f"Nº{n}",
    "(12345)": lambda n: f"({n})",
    "00012345": lambda n: f"000{n}",
    "1 2 3 4 5": lambda n: grouped(n, 1),
}
CODES: Ways = {  # such as KX48213
    "KX-48213": lambda c: f"{c[:2]}-{c[2:]}",
    "KX 48213": lambda c: f"{c[:2]} {c[2:]}",
    "kx48213": str.lower,
    "kx-48213": lambda c: f"{c[:2]}-{c[2:]}".lower(),
    "KX_48213": lambda c: f"{c[:2]}_{c[2:]}",
    "KX/48213": lambda c: f"{c[:2]}/{c[2:]}",
    "KX 482 13": lambda c: f"{c[:2]} {grouped(c[2:], 3, 2)}",
    "KX‑48213 with a no-break hyphen": lambda c: f"{c[:2]}\u2011{c[2:]}",
    "KX–48213 with an en dash": lambda c: f"{c[:2]}–{c[2:]}",
    "#KX48213": lambda c: f"#{c}",
    "KX#48213": lambda c: f"{c[:2]}#{c[2:]}",
}
CARDS: Ways = {  # of 16 digits
    "4929 1234 5678 9012": lambda n: grouped(n, 4),
    "4929-1234-5678-9012": lambda n: grouped(n, 4, sign="-"),
}
LAST_FOUR = {
    "order": (8, plain, "Order {x} left the warehouse.", "What about the order ending in {x}?"),
    "card": (
        16,
        CARDS["4929 1234 5678 9012"],
        "She paid with the card {x} at the till.",
        "Who paid with the card ending {x}?",
    ),
    "phone": (
        10,
        lambda n: f"0{grouped(n, 3)}",
        "The caterer answers under {x} only.",
        "Who answers under the number with {x} at the end?",
    ),
    "account": (
        18,
        lambda n: f"DE{grouped(n, 2, 4)}",
        "The rent goes to {x} now.",
        "What goes to the account …{x}?",
    ),
}
DIGITS_IN = {
    "arabic": ("رقم الطلب {x} جاهز في المكتب.", "أين الطلب رقم {x}؟"),
    "persian": ("سفارش شماره {x} در دفتر آماده است.", "سفارش شماره {x} کجاست؟"),
    "devanagari": ("ऑर्डर {x} दफ़्तर में तैयार है।", "ऑर्डर {x} कहाँ है?"),
    "bengali": ("অর্ডার {x} অফিসে প্রস্তুত আছে।", "অর্ডার {x} কোথায়?"),
    "thai": ("คำสั่งซื้อ {x} อยู่ที่สำนักงาน", "คำสั่งซื้อ {x} อยู่ที่ไหน"),
    "fullwidth": ("注文 {x} は事務所にあります。", "注文 {x} はどこですか？"),
}


def identifiers(draw: Draw) -> Iterator[SubKind]:
    ids = numbers(draw.random("ids"), draw.rows, 5)
    order = Alike(ids, "Order {x} was sent back on Friday.", "When was order {x} sent back?")
    yield from _ways("id", order, NUMBERS)
    ticket = replace(order, values=codes(draw.random("codes"), draw.rows))
    yield from _ways("code", ticket, CODES)
    cards = numbers(draw.random("cards"), draw.rows, 16)
    yield from _ways(
        "card", Alike(cards, "We cancelled the card {x} today.", "Is {x} cancelled?"), CARDS
    )
    bare = replace(ticket, asked="{x}", expects="first and relevant")
    yield SubKind("code asked alone, lower case", bare.rows(asked=str.lower), bare.rows())
    yield from _last_four(draw)


def digit_scripts(draw: Draw) -> Iterator[SubKind]:
    for script in SCRIPTS:
        ids = numbers(draw.random("digits", script), draw.rows, 6)
        english = Alike(ids, "Order {x} was sent back on Friday.", "When was order {x} sent back?")
        sentences = {"english": english}
        if script in DIGITS_IN:
            said, asked = DIGITS_IN[script]
            sentences["own language"] = Alike(ids, said, asked)
        for language, alike in sentences.items():
            controls = alike.rows()
            spelt = _in(script)
            yield SubKind(
                f"{script} digits in the message, {language}", alike.rows(said=spelt), controls
            )
            yield SubKind(
                f"{script} digits in the question, {language}", alike.rows(asked=spelt), controls
            )


def _in(script: str) -> Callable[[str], str]:
    return lambda text: in_script(text, script)


def _ways(name: str, alike: Alike, ways: Ways) -> Iterator[SubKind]:
    controls = alike.rows()
    for spelt, way in ways.items():
        yield SubKind(f"{name} {spelt} in the message", alike.rows(said=way), controls)
        yield SubKind(f"{name} {spelt} in the question", alike.rows(asked=way), controls)


def _last_four(draw: Draw) -> Iterator[SubKind]:
    """The control asks with the whole number, joined on both sides."""
    for name, (digits, way, said, asked) in LAST_FOUR.items():
        alike = Alike(numbers(draw.random("last", name), draw.rows, digits), said, asked)
        rows = alike.rows(said=way, asked=lambda number: number[-4:])
        yield SubKind(f"last four digits of a {name}", rows, alike.rows())
