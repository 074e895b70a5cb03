"""Invented phone numbers, amounts and identifiers."""

from random import Random

SCRIPTS = {
    "arabic": "٠١٢٣٤٥٦٧٨٩",
    "persian": "۰۱۲۳۴۵۶۷۸۹",
    "devanagari": "०१२३४५६७८९",
    "bengali": "০১২৩৪৫৬৭৮৯",
    "thai": "๐๑๒๓๔๕๖๗๘๙",
    "fullwidth": "０１２３４５６７８９",
    "gujarati": "૦૧૨૩૪૫૬૭૮૯",
    "tamil": "௦௧௨௩௪௫௬௭௮௯",
    "khmer": "០១២៣៤៥៦៧៨៩",
    "mathematical": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
}


def numbers(random: Random, count: int, digits: int) -> tuple[str, ...]:
    """Different numbers without a leading zero that also differ in their last four digits."""
    endings = random.sample(range(1000, 10000), count)
    if digits == 4:
        return tuple(str(ending) for ending in endings)
    start = 10 ** (digits - 5)
    return tuple(f"{random.randrange(start, 10 * start)}{ending}" for ending in endings)


def codes(random: Random, count: int, letters: int = 2, digits: int = 5) -> tuple[str, ...]:
    """Such as KX48213."""
    return tuple(
        "".join(random.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=letters)) + number
        for number in numbers(random, count, digits)
    )


def in_script(text: str, script: str) -> str:
    return text.translate({ord(str(digit)): shape for digit, shape in enumerate(SCRIPTS[script])})


def grouped(text: str, *sizes: int, sign: str = " ") -> str:
    """Cut into groups of `sizes`; the last size repeats."""
    parts, rest, left = [], text, list(sizes)
    while rest:
        size = left.pop(0) if len(left) > 1 else left[0]
        parts.append(rest[:size])
        rest = rest[size:]
    return sign.join(parts)


def thousands(whole: str, sign: str) -> str:
    """1234567 with commas: 1,234,567."""
    return f"{int(whole):,}".replace(",", sign)
