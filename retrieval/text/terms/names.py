"""Which words of a query are written as names and identifiers are."""

import re
from collections.abc import Sequence, Set
from itertools import chain
from typing import Final

from retrieval.text import words
from retrieval.text.terms.forms import looks_like_a_title
from retrieval.text.words import Piece

_PART: Final = re.compile(r"[^\W_]+")
_CAPITAL_NOUNS: Final = "german"


def starts_of_names(
    text: str,
    found: Sequence[Piece],
    languages: tuple[str, ...],
    *,
    codes: Sequence[Sequence[str]],
) -> Set[int]:
    """Where words begin that have a capital inside a sentence, are joined (`NameService`), stand in
    a code (`/srv/name`), or among writing without spaces.
    """
    if any(piece.kind == "unspaced" for piece in found):
        return {piece.start for piece in found if _is_word(piece)}
    coded = frozenset(chain.from_iterable(_PART.findall(form) for forms in codes for form in forms))
    lower = [piece for piece in found if piece.written.islower() and piece.written.isalpha()]
    # All words with capitals tell nothing, nor do those of a language that writes nouns so.
    capitals = bool(lower) and _CAPITAL_NOUNS not in languages
    names = {piece.start for piece in lower if piece.written in coded} if coded else set()
    for piece in found if len(lower) < len(found) else ():
        if piece.written.islower() and piece.written.isalpha():
            continue
        if _is_word(piece) and _is_written_as_a_name(text, piece, coded, capitals=capitals):
            names.add(piece.start)
    return names


def _is_word(piece: Piece) -> bool:
    return piece.kind == "word" and not piece.written.isdigit()


def _is_written_as_a_name(text: str, piece: Piece, coded: Set[str], *, capitals: bool) -> bool:
    if capitals and looks_like_a_title(text, piece):
        return True
    return piece.written.lower() in coded or bool(words.spellings(piece.written).parts)
