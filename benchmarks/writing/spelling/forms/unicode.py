"""Different code points for the same text: composed or not, wide, styled, with invisible marks."""

import unicodedata
from collections.abc import Callable, Iterator
from random import Random

from benchmarks.writing.names import scripts
from benchmarks.writing.names.latin import containing, spelt_with
from benchmarks.writing.spelling.sentences import about_names, families
from benchmarks.writing.trial import Alike, Draw, SubKind

Form = Callable[[str], str]

LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}
ACCENTED = {"a": "á", "e": "é", "o": "ö", "u": "ü", "n": "ñ", "i": "í"}
VIETNAMESE = {"a": "ậ", "e": "ễ", "o": "ộ", "u": "ữ", "i": "ị"}
SMALL_KANA = str.maketrans(
    "アイウエオカキクケコサシスセソタチツテトナニネノハヒフヘホマミムメモヤユヨラリルレロ",
    "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛ",
)
INVISIBLE = {
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "zero-width non-joiner": "\u200c",
    "word joiner": "\u2060",
    "soft hyphen": "\u00ad",
    "byte order mark": "\ufeff",
    "left-to-right mark": "\u200e",
    "variation selector": "\ufe0f",
}


def unicode_forms(draw: Draw) -> Iterator[SubKind]:
    yield from _normal_forms(draw)
    pool = families(draw, "unicode")
    for place, (name, mark) in enumerate(INVISIBLE.items()):
        alike = pool[place % len(pool)]
        yield from both(f"{name} inside", alike, _inside(mark))
    random = draw.random("unicode", "around")
    yield from both("invisible marks around", pool[0], _around(random))
    ligated = about_names(draw, "ligatures", values=_ligable(draw))
    yield from both("ligatures", ligated, _ligated)
    for name, form in STYLES.items():
        yield from both(name, about_names(draw, name), form)


def both(name: str, alike: Alike, form: Form) -> Iterator[SubKind]:
    """`form` in the message only, and in the question only."""
    controls = alike.rows()
    yield SubKind(f"{name} in the message", alike.rows(said=form), controls)
    yield SubKind(f"{name} in the question", alike.rows(asked=form), controls)


def _normal_forms(draw: Draw) -> Iterator[SubKind]:
    spelt = {
        "accents": spelt_with(draw.random("nfd"), draw.rows, ACCENTED),
        "two accents on a letter": spelt_with(draw.random("vietnamese"), draw.rows, VIETNAMESE),
        "hangul": scripts.hangul(draw.random("nfd hangul"), draw.rows),
    }
    for name, values in spelt.items():
        alike = about_names(draw, name, values=values)
        yield from both(f"{name} decomposed", alike, _decomposed)
    kana = about_names(draw, "kana", values=scripts.katakana(draw.random("kana"), draw.rows))
    yield from both("half-width katakana", kana, lambda text: text.translate(SMALL_KANA))


def _ligable(draw: Draw) -> tuple[str, ...]:
    return containing(draw.random("ligatures"), draw.rows, tuple(LIGATURES))


def _ligated(text: str) -> str:
    for letters, ligature in LIGATURES.items():
        text = text.replace(letters, ligature)
    return text


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _inside(mark: str) -> Form:
    return lambda text: text[: len(text) // 2] + mark + text[len(text) // 2 :]


def _around(random: Random) -> Form:
    marks = list(INVISIBLE.values())
    return lambda text: random.choice(marks) + text + random.choice(marks)


def _shifted(upper: int, lower: int) -> Form:
    """Letters of the alphabets that begin at `upper` and `lower`."""

    def form(text: str) -> str:
        return "".join(
            chr(ord(letter) - 65 + upper)
            if "A" <= letter <= "Z"
            else chr(ord(letter) - 97 + lower)
            if "a" <= letter <= "z"
            else letter
            for letter in text
        )

    return form


STYLES: dict[str, Form] = {
    "fullwidth letters": _shifted(0xFF21, 0xFF41),
    "mathematical bold": _shifted(0x1D400, 0x1D41A),
    "mathematical sans": _shifted(0x1D5A0, 0x1D5BA),
    "circled letters": _shifted(0x24B6, 0x24D0),
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
}
