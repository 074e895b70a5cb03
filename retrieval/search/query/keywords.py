"""Tells keywords from sentences."""

from itertools import islice
from typing import Final

from retrieval.text import words
from retrieval.text.normal_form import readable
from retrieval.text.terms.forms import languages_of, read_word

MOST_KEYWORDS: Final = 3


def are_keywords(text: str, *, language: str) -> bool:
    """A few words, names or numbers without a function word, of a script with spaces.

    Where words are not separated, or in a language without known function words, short sentences
    look the same; more words than a few are then no keywords either.
    """
    asked = readable(text)
    if asked.rstrip()[-1:] in "?؟":
        return False
    found = list(islice(words.each_piece(asked), MOST_KEYWORDS + 1))
    if not 0 < len(found) <= MOST_KEYWORDS:
        return False
    languages = languages_of(found, language)
    return all(
        piece.kind == "word" and read_word(piece.written, languages).has_content for piece in found
    )
