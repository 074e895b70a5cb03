"""Letters that people leave out, replace or write in another form, by language."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from benchmarks.writing.names import scripts
from benchmarks.writing.names.latin import apart, spelt_with
from benchmarks.writing.spelling.forms.unicode import both
from benchmarks.writing.spelling.sentences import about_names
from benchmarks.writing.trial import Alike, Draw, SubKind


@dataclass(frozen=True)
class Alphabet:
    """`special` letters replace groups of plain ones in names; `typed` is what stands for them."""

    special: Mapping[str, str]
    typed: Mapping[str, str]


ALPHABETS = {
    "spanish accents": Alphabet({"a": "á", "e": "é", "i": "í", "o": "ó", "u": "ú", "n": "ñ"}, {}),
    "french accents": Alphabet({"e": "é", "a": "à", "o": "ô", "i": "ï", "k": "ç"}, {}),
    "umlauts without dots": Alphabet({"a": "ä", "o": "ö", "u": "ü"}, {}),
    "umlauts as ae": Alphabet({"a": "ä", "o": "ö", "u": "ü"}, {"ä": "ae", "ö": "oe", "ü": "ue"}),
    "sharp s": Alphabet({"s": "ß", "st": "ß"}, {"ß": "ss"}),
    "czech": Alphabet({"s": "š", "r": "ř", "z": "ž", "e": "ě", "u": "ů", "a": "á"}, {}),
    "vietnamese": Alphabet({"a": "ạ", "e": "ễ", "o": "ơ", "u": "ư", "d": "đ"}, {"đ": "d"}),
    "polish": Alphabet({"l": "ł", "a": "ą", "e": "ę", "z": "ż", "s": "ś"}, {"ł": "l"}),
    "polish l only": Alphabet({"l": "ł"}, {"ł": "l"}),
    "danish": Alphabet({"o": "ø", "a": "å"}, {"ø": "o"}),
    "danish ae": Alphabet({"a": "æ", "ea": "æ"}, {"æ": "ae"}),
    "french oe": Alphabet({"o": "œ", "oo": "œ"}, {"œ": "oe"}),
    "icelandic": Alphabet({"d": "ð", "th": "þ"}, {"ð": "d", "þ": "th"}),
    "croatian": Alphabet({"d": "đ", "k": "č", "s": "š"}, {"đ": "d"}),
    "turkish dotless": Alphabet({"i": "ı"}, {"ı": "i"}),
    "turkish": Alphabet({"s": "ş", "g": "ğ", "u": "ü", "i": "ı"}, {"ı": "i"}),
    "romanian cedilla": Alphabet({"s": "ș", "t": "ț"}, {"ș": "ş", "ț": "ţ"}),
    "hungarian": Alphabet({"o": "ő", "u": "ű"}, {}),
}


def letter_forms(draw: Draw) -> Iterator[SubKind]:
    for name, alphabet in ALPHABETS.items():
        values = spelt_with(draw.random(name), draw.rows, alphabet.special)
        yield from both(
            f"{name} typed plainly",
            about_names(draw, name, values=values),
            alphabet_typist(alphabet),
        )
    yield from _turkish(draw)
    yield from _cyrillic(draw)
    yield from _greek(draw)
    yield from _hebrew(draw)
    yield from _arabic(draw)


def alphabet_typist(alphabet: Alphabet) -> Callable[[str], str]:
    """Writes as someone without the language's keyboard."""
    typed = {
        **alphabet.typed,
        **{k.upper(): v.capitalize() for k, v in alphabet.typed.items() if len(k.upper()) == 1},
    }
    table = {ord(letter): plain for letter, plain in typed.items()}
    return lambda text: (
        bare(text.translate(table)) if not _cedilla(alphabet) else text.translate(table)
    )


def _cedilla(alphabet: Alphabet) -> bool:
    return any(
        unicodedata.decomposition(plain) for plain in alphabet.typed.values() if len(plain) == 1
    )


def bare(text: str) -> str:
    """Without accents."""
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def _turkish(draw: Draw) -> Iterator[SubKind]:
    values = spelt_with(draw.random("turkish case"), draw.rows, {"i": "i"})
    alike = about_names(draw, "turkish case", values=values)
    yield from both("turkish capitals", alike, lambda text: text.replace("i", "İ").upper())
    mixed = about_names(draw, "turkish i", values=tuple("İ" + value.lower() for value in values))
    yield from both("turkish İ as I", mixed, lambda text: text.replace("İ", "I"))
    yield from both("turkish İ as i", mixed, lambda text: text.replace("İ", "i"))


def _cyrillic(draw: Draw) -> Iterator[SubKind]:
    random = draw.random("ё")
    values = apart(lambda: _with(random, scripts.cyrillic, "ё"), draw.rows)
    alike = Alike(values, "Вчера {x} забрала договор из офиса.", "Что забрала {x}?")
    yield from both("russian ё as е", alike, lambda text: text.replace("ё", "е").replace("Ё", "Е"))
    yield from both("russian capitals", alike, str.upper)
    yield from both("russian decomposed", alike, lambda text: unicodedata.normalize("NFD", text))


def _with(random: Random, make: Callable[[Random, int], tuple[str, ...]], letter: str) -> str:
    while True:
        name = make(random, 1)[0]
        if letter in name[1:]:
            return name


def _greek(draw: Draw) -> Iterator[SubKind]:
    accents = {"α": "ά", "ε": "έ", "ι": "ί", "ο": "ό"}
    names = scripts.greek(draw.random("greek"), draw.rows)
    values = tuple(_accented_last(name, accents) for name in names)
    alike = Alike(values, "Χθες {x} πήρε το συμβόλαιο.", "Τι πήρε {x};")
    yield from both("greek without accents", alike, bare)
    yield from both("greek capitals", alike, lambda text: bare(text).upper())
    yield from both("greek lower case", alike, str.lower)


def _accented_last(name: str, accents: Mapping[str, str]) -> str:
    place = max(name.rfind(vowel) for vowel in accents)
    return name[:place] + accents[name[place]] + name[place + 1 :]


def _hebrew(draw: Draw) -> Iterator[SubKind]:
    values = scripts.hebrew(draw.random("hebrew"), draw.rows)
    alike = Alike(values, "אתמול דיברנו על {x} במשרד.", "מתי דיברנו על {x}?")
    for prefix in ("ל", "ב", "ו", "מ", "ש", "ה", "כ"):
        yield from both(f"hebrew prefix {prefix}", alike, _behind_prefix(prefix))
    random = draw.random("niqqud")
    points = "\u05b7\u05b8\u05b4\u05b5\u05b6\u05bc"
    yield from both(
        "hebrew niqqud", alike, lambda text: "".join(c + random.choice(points) for c in text)
    )


def _arabic(draw: Draw) -> Iterator[SubKind]:
    values = scripts.arabic(draw.random("arabic"), draw.rows)
    alike = Alike(values, "أمس تحدثنا مع {x} في المكتب.", "متى تحدثنا مع {x}؟")
    for prefix in ("ال", "و", "ب", "ل"):
        yield from both(f"arabic prefix {prefix}", alike, _behind_prefix(prefix))
    random = draw.random("harakat")
    points = "\u064e\u064f\u0650\u0651\u0652"
    yield from both(
        "arabic harakat", alike, lambda text: "".join(c + random.choice(points) for c in text)
    )
    yield from both(
        "arabic tatweel",
        alike,
        lambda text: (
            f"{text[0]}ـ{text[1:]}" if text[0] not in "دذرزوا" else text[:2] + "ـ" + text[2:]
        ),
    )
    for name, letter, other in (
        ("hamza above", "أ", "ا"), ("hamza below", "إ", "ا"), ("madda", "آ", "ا"),
    ):  # fmt: skip
        yield from both(
            f"arabic {name} left out", _ending(alike, letter, front=True), _replacing(letter, other)
        )
    for name, letter, other in (("ta marbuta as ha", "ة", "ه"), ("alef maqsura as ya", "ى", "ي")):
        yield from both(
            f"arabic {name}", _ending(alike, letter, front=False), _replacing(letter, other)
        )


def _behind_prefix(prefix: str) -> Callable[[str], str]:
    return lambda text: prefix + text


def _ending(alike: Alike, letter: str, *, front: bool) -> Alike:
    values = tuple(letter + name if front else name + letter for name in alike.values)
    return Alike(values, alike.said, alike.asked)


def _replacing(letter: str, other: str) -> Callable[[str], str]:
    return lambda text: text.replace(letter, other)
