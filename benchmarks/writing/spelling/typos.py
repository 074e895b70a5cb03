"""Names and words with typing errors."""

from collections.abc import Callable, Iterator
from random import Random
from string import ascii_lowercase

from benchmarks.writing.names import scripts
from benchmarks.writing.names.latin import names
from benchmarks.writing.spelling.sentences import about_names
from benchmarks.writing.trial import Alike, Draw, SubKind

Slip = Callable[[Random, str], str]

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SOUNDS = (("ck", "k"), ("th", "t"), ("ea", "ee"), ("ou", "u"), ("ai", "ei"), ("v", "w"), ("oo", "u"),
          ("qu", "kw"), ("k", "c"), ("i", "y"), ("z", "s"), ("s", "z"), ("o", "u"))  # fmt: skip
THINGS = (
    "bicycle umbrella dishwasher trampoline chandelier wheelbarrow saxophone microscope thermostat "
    "keyboard suitcase telescope lawnmower accordion refrigerator calculator hairdryer motorcycle "
    "screwdriver binoculars parachute typewriter fireplace sandcastle photograph"
).split()


def typos(draw: Draw) -> list[SubKind]:
    found: list[SubKind] = []
    for name, slip in SLIPS.items():
        found += _both(draw, name, about_names(draw, "typos", name), slip)
    long_names = names(draw.random("typos", "long"), draw.rows, syllables=(4, 4))
    found += _both(
        draw, "two slips in a long name", about_names(draw, "typos long", values=long_names), _twice
    )
    found += _words(draw)
    cyrillic = Alike(
        scripts.cyrillic(draw.random("typos", "cyrillic"), draw.rows),
        "Вчера {x} забрала договор из офиса.",
        "Что забрала {x}?",
    )
    found += _both(draw, "transposed cyrillic letters", cyrillic, _transposed)
    found += _both(draw, "cyrillic letter left out", cyrillic, _left_out)
    return found


def _both(draw: Draw, name: str, alike: Alike, slip: Slip) -> Iterator[SubKind]:
    controls = alike.rows()
    for side in ("question", "message"):
        random = draw.random("typos", name, side)

        def slipped(value: str, random: Random = random) -> str:
            return _changed(random, value, slip)

        rows = alike.rows(asked=slipped) if side == "question" else alike.rows(said=slipped)
        yield SubKind(f"{name} in the {side}", rows, controls)


def _words(draw: Draw) -> Iterator[SubKind]:
    things = tuple(draw.random("typos", "things").sample(THINGS, min(draw.rows, len(THINGS))))
    plural = Alike(
        things,
        "Somebody stole the {x} from the shed.",
        "who stole the {x}",
        expects="first and relevant",
    )
    for name in ("transposed", "left out", "wrong letter", "one more letter"):
        yield from _both(draw, f"dictionary word, {name}", plural, SLIPS[name])


def _changed(random: Random, value: str, slip: Slip) -> str:
    """Another spelling: a slip may leave a word as it was, then another place is tried."""
    for _ in range(50):
        slipped = slip(random, value)
        if slipped != value:
            return slipped
    return value + value[-1]


def _place(random: Random, text: str) -> int:
    return random.randrange(1, len(text) - 1)


def _left_out(random: Random, text: str) -> str:
    place = _place(random, text)
    return text[:place] + text[place + 1 :]


def _more(random: Random, text: str) -> str:
    place = _place(random, text)
    return text[:place] + random.choice(ascii_lowercase) + text[place:]


def _wrong(random: Random, text: str) -> str:
    place = _place(random, text)
    return text[:place] + random.choice(ascii_lowercase) + text[place + 1 :]


def _transposed(random: Random, text: str) -> str:
    place = _place(random, text)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _doubled(random: Random, text: str) -> str:
    place = _place(random, text)
    return text[:place] + text[place] + text[place:]


def _first(random: Random, text: str) -> str:
    return random.choice(ascii_lowercase).upper() + text[1:]


def _first_left_out(random: Random, text: str) -> str:
    return text[1:].capitalize()


def _last_left_out(random: Random, text: str) -> str:
    return text[:-1]


def _neighbour_key(random: Random, text: str) -> str:
    place = _place(random, text)
    for row in KEYBOARD:
        if text[place] in row:
            at = row.index(text[place])
            near = row[at - 1] if at else row[1]
            return text[:place] + near + text[place + 1 :]
    return text


def _by_ear(random: Random, text: str) -> str:
    known = [(sound, other) for sound, other in SOUNDS if sound in text[1:]]
    if not known:
        return _transposed(random, text)
    sound, other = random.choice(known)
    return text[0] + text[1:].replace(sound, other, 1)


def _twice(random: Random, text: str) -> str:
    middle = len(text) // 2
    return _transposed(random, text[:middle]) + _left_out(random, text[middle:])


SLIPS: dict[str, Slip] = {
    "left out": _left_out,
    "one more letter": _more,
    "wrong letter": _wrong,
    "neighbouring key": _neighbour_key,
    "transposed": _transposed,
    "doubled": _doubled,
    "wrong first letter": _first,
    "first letter left out": _first_left_out,
    "last letter left out": _last_left_out,
    "spelt by ear": _by_ear,
}
