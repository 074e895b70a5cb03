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
    spoken = [piece for piece in found if piece.kind == "word" and not piece.written.isdigit()]
    coded = frozenset(chain.from_iterable(_PART.findall(form) for forms in codes for form in forms))
    unspaced = any(piece.kind == "unspaced" for piece in found)
    # All words with capitals tell nothing, nor do those of a language that writes nouns so.
    capitals = _CAPITAL_NOUNS not in languages and any(one.written.islower() for one in spoken)
    return {
        piece.start
        for piece in spoken
        if unspaced
        or (capitals and looks_like_a_title(text, piece))
        or piece.written.lower() in coded
        or bool(words.spellings(piece.written).parts)
    }
