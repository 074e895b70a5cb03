"""Invented names in Latin letters."""

from collections.abc import Callable, Mapping
from random import Random

from rapidfuzz.distance import Levenshtein

ONSETS = "b br d dr f fl g gr h j k kl l m n p pl pr r s sk st t tr v w z sh th qu".split()
VOWELS = "a e i o u ai ea oo ou".split()
INNER = "l ll m mb n nd ng r rr rn rk s st t v z ck lv".split()
ENDINGS = "berg mann sen ton ford wick ley ski dale stad man er ini ez ard".split()
GIVEN = (
    "Adele Albert Alice Amanda Andrew Anton Arthur Barbara Beatrice Benjamin Bernard Bridget Camille Carlos "
    "Caroline Cecilia Charlotte Clara Conrad Cynthia Daniel Deborah Dennis Dominic Dorothy Douglas Edward Eleanor "
    "Elizabeth Emily Eric Esther Eugene Felix Fiona Florence Francis Frederick Gabriel George Gerald Gloria Gordon "
    "Gregory Hannah Harold Harriet Heather Helen Henry Herbert Hilda Howard Ingrid Isabel Jacob Janet Jasper Jerome "
    "Joanna Jonathan Joseph Judith Julian Katharine Kenneth Laura Lawrence Leonard Lillian Lorenzo Louise Lucinda "
    "Magnus Margaret Marianne Martin Matilda Maurice Melissa Michael Miriam Monica Nathan Nicholas Nora Oliver "
    "Olympia Oscar Patricia Pauline Penelope Philip Priscilla Quentin Rachel Raymond Rebecca Richard Robert "
    "Rosalind Rupert Samuel Sebastian Sheila Simon Sophie Stella Stephen Susan Sylvia Theodore Thomas Tobias "
    "Ursula Valerie Veronica Victor Vincent Virginia Walter Wanda Wilfred Winifred Yvonne Zachary"
).split()
CODAS = "n r l m ck nd rt lm x th v sk mp k t".split()
MIN_DISTANCE = 3


def names(random: Random, count: int, *, syllables: tuple[int, int] = (2, 3)) -> tuple[str, ...]:
    """Given and invented ones, far enough from each other that one wrong letter leaves no doubt."""

    def make() -> str:
        if max(syllables) < 4 and random.random() < 0.4:
            return random.choice(GIVEN)
        return name(random, random.randint(*syllables))

    return apart(make, count)


def name(random: Random, syllables: int = 2) -> str:
    """Some end like common surnames: embeddings do not tell such names apart at a glance."""
    if random.random() < 0.5:
        return _stem(random, syllables - 1).capitalize() + random.choice(ENDINGS)
    return (_stem(random, syllables) + random.choice(CODAS)).capitalize()


def _stem(random: Random, syllables: int) -> str:
    parts = [random.choice(ONSETS) + random.choice(VOWELS)]
    parts += [random.choice(INNER) + random.choice("aeiou") for _ in range(syllables - 1)]
    return "".join(parts)


def apart(make: Callable[[], str], count: int, *, distance: int = MIN_DISTANCE) -> tuple[str, ...]:
    """`count` texts that `make` gives, each at least `distance` edits from every other."""
    found: dict[str, str] = {}
    for _ in range(count * 500):
        one = make()
        letters = one.lower()
        if all(edits(letters, other) >= distance for other in found.values()):
            found[one] = letters
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


def edits(one: str, other: str) -> int:
    """Levenshtein distance."""
    return Levenshtein.distance(one, other)
