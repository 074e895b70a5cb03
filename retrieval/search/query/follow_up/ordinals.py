"""Resolves an ordinal ("the second one") by what the previous answer listed."""

import re

from retrieval.text.normal_form import readable
from retrieval.text.terms.codes import has_code

_LINE = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+(?P<item>\S.*)$", re.MULTILINE)
_CODE = re.compile(r"[\w#][\w#./:-]*\d[\w./:-]*\w|\b\w*\d\w+\b")
_ORDINALS = {
    **dict.fromkeys(("first", "1st", "former", "erste", "ersten", "première", "premier"), 0),
    **dict.fromkeys(("second", "2nd", "zweite", "zweiten", "deuxième", "segundo", "segunda"), 1),
    **dict.fromkeys(("third", "3rd", "dritte", "dritten", "troisième", "tercero", "tercera"), 2),
    **dict.fromkeys(("fourth", "4th", "vierte", "vierten", "quatrième", "cuarto", "cuarta"), 3),
    **dict.fromkeys(("fifth", "5th"), 4),
    **dict.fromkeys(("last", "latter", "letzte", "letzten", "dernier", "dernière"), -1),
}
_WORD = re.compile(r"\w+")
MAX_ITEM_CHARS = 200


def item_asked_for(query: str, answer: str) -> str | None:
    """None if the query has no ordinal, or the answer no such item."""
    place = next((_ORDINALS[w] for w in _WORD.findall(query.lower()) if w in _ORDINALS), None)
    if place is None:
        return None
    items = listed(answer)
    if len(items) < 2 or not -len(items) <= place < len(items):
        return None
    return items[place][:MAX_ITEM_CHARS]


def listed(answer: str) -> list[str]:
    """List lines; without a list, order numbers and other codes."""
    lines = [match["item"].strip() for match in _LINE.finditer(answer)]
    if len(lines) >= 2:
        return lines
    codes = [word for word in _CODE.findall(answer) if has_code(readable(word))]
    return list(dict.fromkeys(codes))
