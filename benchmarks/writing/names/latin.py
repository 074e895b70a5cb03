"""Invented names in Latin letters."""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

ONSETS = "b br d dr f fl g gr h j k kl l m n p pl pr r s sk st t tr v w z sh th qu".split()
VOWELS = "a e i o u ai ea oo ou".split()
INNER = "l ll m mb n nd ng r rr rn rk s st t v z ck lv".split()
CODAS = "n r l m ck nd rt lm x th v sk mp k t".split()
MIN_DISTANCE = 3


def names(random: Random, count: int, *, syllables: tuple[int, int] = (2, 3)) -> tuple[str, ...]:
    """Far enough from each other that one wrong letter leaves no doubt."""
    return apart(lambda: name(random, random.randint(*syllables)), count)


def name(random: Random, syllables: int = 2) -> str:
    parts = [random.choice(ONSETS) + random.choice(VOWELS)]
    parts += [random.choice(INNER) + random.choice("aeiou") for _ in range(syllables - 1)]
    return ("".join(parts) + random.choice(CODAS)).capitalize()


def apart(make: Callable[[], str], count: int, *, distance: int = MIN_DISTANCE) -> tuple[str, ...]:
    """`count` texts that `make` gives, each at least `distance` edits from every other."""
    found: list[str] = []
    for _ in range(count * 500):
        one = make()
        if all(_far(one.lower(), other.lower(), distance) for other in found):
            found.append(one)
        if len(found) == count:
            return tuple(found)
    raise ValueError(f"found only {len(found)} of {count} texts that are {distance} edits apart")


def spelt_with(random: Random, count: int, letters: Mapping[str, str]) -> tuple[str, ...]:
    """Names in which at least one group of plain letters became one of `letters`."""

    def make() -> str:
        while True:
            plain = name(random, random.randint(2, 3)).lower()
            places = [group for group in letters if group in plain]
            if places:
                group = random.choice(places)
                return plain.replace(group, letters[group]).capitalize()

    return apart(make, count)


def containing(random: Random, count: int, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Names with one of `groups` inside."""

    def make() -> str:
        whole = name(random, 2)
        return whole[:2] + random.choice(groups) + whole[2:]

    return apart(make, count)


def _far(one: str, other: str, distance: int) -> bool:
    letters, facing = Counter(one), Counter(other)
    least = max((letters - facing).total(), (facing - letters).total())
    return least >= distance or edits(one, other) >= distance


def edits(one: str, other: str) -> int:
    """Levenshtein distance."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        now = [row]
        for column, facing in enumerate(other, start=1):
            replaced = before[column - 1] + (letter != facing)
            now.append(min(before[column] + 1, now[-1] + 1, replaced))
        before = now
    return before[-1]
