"""Words that stand nowhere by chance, and how they are found among bytes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

PREFIX = "qzx"
LETTERS = "bcdfghjklmnpqrtvwxz"
LENGTH = 10
CYRILLIC_PREFIX = "щъж"
CYRILLIC_LETTERS = "бвгджзклмнпрстфхцчш"

_LATIN = re.compile(f"{PREFIX}[{LETTERS}]{{{LENGTH}}}".encode())
# The index of endings holds words backwards.
_BACKWARDS = re.compile(f"[{LETTERS}]{{{LENGTH}}}{PREFIX[::-1]}".encode())
_CYRILLIC = re.compile(CYRILLIC_PREFIX.encode() + rb"(?:[\xd0\xd1][\x80-\xbf]){%d}" % LENGTH)
_CYRILLIC_BACKWARDS = re.compile(
    rb"(?:[\xd0\xd1][\x80-\xbf]){%d}" % LENGTH + CYRILLIC_PREFIX[::-1].encode()
)
_ESCAPED = re.compile(
    b"".join(rb"\\u%04x" % ord(letter) for letter in CYRILLIC_PREFIX)
    + rb"(?:\\u04[0-9a-f]{2}){%d}" % LENGTH
)
_IN_URL = re.compile(
    "".join(f"%{byte:02x}" for byte in CYRILLIC_PREFIX.encode()).encode()
    + rb"(?:%%d[01]%%[89ab][0-9a-f]){%d}" % LENGTH
)


@dataclass(frozen=True)
class Canary:
    """`place`: where it was written. `way`: how it is to be erased, or that it is to stay.

    `seen`: looks that must find it before that; after it, too, if it is to stay.
    """

    word: str
    place: str
    way: str
    seen: tuple[str, ...]


KEPT = "kept"


@dataclass
class Canaries:
    """`vectors`: what the database's files have of embeddings, by a name."""

    random: Random
    all: dict[str, Canary] = field(default_factory=dict)
    vectors: dict[bytes, str] = field(default_factory=dict)

    def new(self, place: str, way: str, *seen: str, cyrillic: bool = False) -> str:
        """The word alone."""
        prefix, letters = (CYRILLIC_PREFIX, CYRILLIC_LETTERS) if cyrillic else (PREFIX, LETTERS)
        word = prefix + "".join(self.random.choices(letters, k=LENGTH))
        self.all[word] = Canary(word, place, way, seen)
        return word

    def erased(self) -> list[Canary]:
        return [one for one in self.all.values() if one.way != KEPT]

    def kept(self) -> list[Canary]:
        return [one for one in self.all.values() if one.way == KEPT]

    def found_in(self, data: bytes) -> set[str]:
        """Those that stand in it: in any case, escaped as JSON or a URL does, or backwards."""
        return self.all.keys() & set(_words(data.lower()))

    def vectors_in(self, data: bytes) -> set[str]:
        return {name for needle, name in self.vectors.items() if needle in data}


Found = Mapping[str, set[str]]
"""Words by the name of the look."""


def missing(canaries: Iterable[Canary], found: Found) -> list[tuple[Canary, str]]:
    """Whom a look that must find them does not."""
    return [
        (one, look)
        for one in canaries
        for look in one.seen
        if one.word not in found.get(look, set())
    ]


def _words(data: bytes) -> Iterator[str]:
    yield from (word.decode() for word in _LATIN.findall(data))
    yield from (word.decode()[::-1] for word in _BACKWARDS.findall(data))
    yield from (_text(word) for word in _CYRILLIC.findall(data))
    yield from (_text(word)[::-1] for word in _CYRILLIC_BACKWARDS.findall(data))
    for escaped in _ESCAPED.findall(data):
        yield escaped.decode("unicode_escape")
    for encoded in _IN_URL.findall(data):
        yield _text(bytes.fromhex(encoded.replace(b"%", b"").decode()))


def _text(word: bytes) -> str:
    return word.decode("utf-8", errors="replace")
