"""Text in one form for comparison: lower case, without accents, as long as before."""

import unicodedata
from functools import lru_cache

_LAST_CYRILLIC = 0x530
_EXTENDED_LATIN_AND_GREEK = range(0x1E00, 0x2000)


def folded_in_place(text: str) -> str:
    """Of Latin, Greek and Cyrillic; other scripts' marks make other letters.

    Places in the text stay, unlike with `normal_form.folded`.
    """
    lower = text.lower()
    if lower.isascii():
        return lower
    return (lower if len(lower) == len(text) else text).translate(_accents())


@lru_cache(maxsize=1)
def _accents() -> dict[int, str]:
    plain = {
        place: unicodedata.normalize("NFD", chr(place))[0]
        for place in (*range(0x80, _LAST_CYRILLIC), *_EXTENDED_LATIN_AND_GREEK)
    }
    return {place: letter for place, letter in plain.items() if letter != chr(place)} | {
        ord("\N{NO-BREAK SPACE}"): " "
    }
