"""Splits a message into passages that fit the embedding model's input."""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

WHOLE_WORDS = 130
"""Weight up to which a message stays one passage; weights are in words, see `_weight`."""
PASSAGE_WORDS = 90
OVERLAP_WORDS = 20

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r"\s*(```|~~~)")
_MARKS = r"[.!?…]++[\"')\]]*+\s++"
_WIDE_MARKS = r"[。！？]++\s*+"
# Marks are read from the beginning of their run only: else a long run costs its square.
_SENTENCE = re.compile(
    rf".(?:{_MARKS}|{_WIDE_MARKS}|.*?(?:(?<![.!?…]){_MARKS}|{_WIDE_MARKS}|$))", re.DOTALL
)
_WORD = re.compile(r"\s*\S+\s*")
_LONG_WORD_CHARS = 16
_CHARS_PER_PIECE = 6
_FIRST_WIDE = "\u0370"  # from Greek on, a letter costs the model about one word piece


class _Piece(NamedTuple):
    start: int
    end: int
    weight: float


def split(text: str) -> list[str]:
    """Substrings of `text`, in order, that cover all but white space.

    They overlap by up to OVERLAP_WORDS. Where possible, they end at sentence or line ends and keep
    a fenced code block together.
    """
    if not is_long(text):
        return [text]
    return [text[start:end].strip() for start, end in _pack(list(_pieces(text)))]


def document_text(participant: str, passage: str) -> str:
    return f"{participant}: {passage}"


def is_long(text: str) -> bool:
    # A text never weighs more than its number of characters: most need no counting.
    if len(text) <= WHOLE_WORDS:
        return False
    words = text.split()
    if text.isascii() and len(words) + len(text) / _CHARS_PER_PIECE < WHOLE_WORDS:
        return False  # nor more than its words and, for long ones, the pieces of all characters
    return any(weight > WHOLE_WORDS for weight in accumulate(map(_word_weight, words)))


def _weight(text: str) -> float:
    """In words; non-Latin scripts and very long words count for more word pieces."""
    return sum(_word_weight(word) for word in text.split())


def _word_weight(word: str) -> float:
    if word.isascii():
        return 1.0 if len(word) <= _LONG_WORD_CHARS else len(word) / _CHARS_PER_PIECE
    wide = sum(char >= _FIRST_WIDE for char in word)
    return max(1.0, wide / 2, len(word) / _CHARS_PER_PIECE if len(word) > _LONG_WORD_CHARS else 0.0)


def _pieces(text: str) -> Iterator[_Piece]:
    for start, end, code in _blocks(text):
        weight = _weight(text[start:end])
        if code and weight <= WHOLE_WORDS:
            yield _Piece(start, end, weight)
        else:
            for line in _LINE.finditer(text, start, end):
                yield from _sentences(text, line.start(), line.end())


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is code), prose and fenced code in turn."""
    start, code = 0, False
    for line in _LINE.finditer(text):
        if not _FENCE.match(line.group()):
            continue
        cut = line.end() if code else line.start()
        if cut > start:
            yield start, cut, code
        start, code = cut, not code
    if start < len(text):
        yield start, len(text), code


def _sentences(text: str, start: int, end: int) -> Iterator[_Piece]:
    if _weight(text[start:end]) <= OVERLAP_WORDS:
        yield _Piece(start, end, _weight(text[start:end]))
        return
    for sentence in _SENTENCE.finditer(text, start, end):
        weight = _weight(sentence.group())
        if weight <= PASSAGE_WORDS:
            yield _Piece(sentence.start(), sentence.end(), weight)
        else:
            yield from _words(text, sentence.start(), sentence.end())


def _words(text: str, start: int, end: int) -> Iterator[_Piece]:
    for word in _WORD.finditer(text, start, end):
        weight = _weight(word.group())
        if weight <= PASSAGE_WORDS:
            yield _Piece(word.start(), word.end(), weight)
        else:
            yield from _characters(word.start(), word.end(), weight)


def _characters(start: int, end: int, weight: float) -> Iterator[_Piece]:
    length = end - start
    step = max(1, int(length * OVERLAP_WORDS / weight))
    for at in range(start, end, step):
        stop = min(at + step, end)
        yield _Piece(at, stop, weight * (stop - at) / length)


def _pack(pieces: list[_Piece]) -> Iterator[tuple[int, int]]:
    held: list[_Piece] = []
    weight = 0.0
    fresh = False
    for piece in pieces:
        if fresh and weight + piece.weight > PASSAGE_WORDS:
            yield held[0].start, held[-1].end
            held = _tail(held, room=PASSAGE_WORDS - piece.weight)
            weight = sum(p.weight for p in held)
        held.append(piece)
        weight += piece.weight
        fresh = True
    if fresh:
        yield held[0].start, held[-1].end


def _tail(pieces: list[_Piece], *, room: float) -> list[_Piece]:
    kept = 0
    weight = 0.0
    for piece in reversed(pieces):
        weight += piece.weight
        if weight > min(OVERLAP_WORDS, room):
            break
        kept += 1
    return pieces[len(pieces) - kept :]
