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
    """What texts that are searched once have in common; empty: there is nothing to search for."""
    return query_words(text).casefold()


def query_words(text: str) -> str:
    """The words of a query in order, without edge punctuation, hesitations and courtesies.

    This is what is sent: a question mark alone would change the ranking, and a search begun before
    the transcription set it could not be used. Hesitations count nowhere, courtesies not at the
    beginning ("okay, so …") or the end ("…, thanks").
    """
    plain = unicodedata.normalize("NFKC", text)
    words = [word for raw in plain.split() if (word := _EDGE.sub("", raw))]
    words = [word for word in words if word.casefold() not in _HESITATIONS]
    while taken := _courtesy(words[:2], words[:1], _OPENINGS):
        words = words[taken:]
    while taken := _courtesy(words[-2:], words[-1:], _CLOSINGS):
        words = words[:-taken]
    return " ".join(words)


def _courtesy(two: list[str], one: list[str], known: set[tuple[str, ...]]) -> int:
    """How many words of courtesy there are: one, two or none."""
    for words in (two, one):
        if tuple(word.casefold() for word in words) in known:
            return len(words)
    return 0
