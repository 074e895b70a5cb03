"""Decides whether two wordings of a query are the same to the search."""

import re
import unicodedata

_HESITATIONS = frozenset(
    {"ah", "eh", "er", "erm", "hm", "hmm", "mhm", "mm", "oh", "uh", "uhm", "um"}
)
_OPENINGS = {
    ("thank", "you"),
    *((word,) for word in ("hello", "hey", "hi", "ok", "okay", "please", "so", "thanks", "well")),
}
_CLOSINGS = {("thank", "you"), ("cheers",), ("please",), ("thanks",)}
_EDGE = re.compile(r"^\W+|\W+$")


def query_key(text: str) -> str:
    """The words of a query in order, without case, edge punctuation, hesitations and courtesies.

    Hesitations count nowhere, courtesies not at the beginning ("okay, so …") or the end ("…,
    thanks"). Texts with the same key are searched once; an empty key has nothing to search for.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = [word for raw in plain.split() if (word := _EDGE.sub("", raw))]
    words = [word for word in words if word not in _HESITATIONS]
    while taken := _courtesy(words[:1], words[:2], _OPENINGS):
        words = words[taken:]
    while taken := _courtesy(words[-1:], words[-2:], _CLOSINGS):
        words = words[:-taken]
    return " ".join(words)


def _courtesy(one: list[str], two: list[str], known: set[tuple[str, ...]]) -> int:
    """How many words of courtesy there are: one, two or none."""
    if tuple(two) in known:
        return len(two)
    return 1 if tuple(one) in known else 0
