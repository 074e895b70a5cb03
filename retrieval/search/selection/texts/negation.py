"""Whether a text denies what some of its words say: "never drinks coffee"."""

import re
from collections.abc import Set
from typing import Final

from retrieval.search.selection.texts.content import NEGATIONS, Content, stems_in, stems_of

REACH: Final = 4
"""Words after a negation that it denies."""
REACH_BEFORE: Final = 3
"""For those that follow their verb, as in German."""

_CLAUSE = re.compile(
    r"[.,;:!?。，、；！？…()\n]+|\s[-–—]\s|\b(?:but|aber|mais|pero|но)\b", re.IGNORECASE
)
_DENYING = (NEGATIONS - {"plus", "nem", "ni"}) | stems_of("""
refuse refuses refused refusing avoid avoids avoided quit quits stopped stops abstain unable lacks
lacking hates hate dislikes dislike weigert vermeidet refuse évite arrêté rehúsa evita dejó rifiuta
recusa weigert отказывается бросил бросила избегает
""")  # fmt: skip
_AFTER_ITS_VERB = frozenset(("nicht", "niet", "inte", "ikke", "degil", "нет"))
_NOT_DENYING_NEXT = stems_of(
    "only know think sure mind care forget remember just nur seulement solo"
)
_EXCEPT = re.compile(
    r"\b(?:except|apart\s+from|excluding|other\s+than|außer|sauf|excepté|excepto|salvo|eccetto|tranne"
    r"|exceto|behalve|utom|кроме)\b",
    re.IGNORECASE,
)
_TELLTALE = _DENYING | stems_of("except apart excluding other")
_UNSPACED = re.compile(r"[不没沒未別别無]|ない|ません|なかった|않|못|없|\s안\s")


def denied(text: str, content: Content, words: Set[str]) -> bool:
    """Whether one of `words`, which are stems, is denied; `content` is that of `text`."""
    if text.isascii() and _TELLTALE.isdisjoint(content.words):
        return False
    return any(_denied(clause, words) for clause in _CLAUSE.split(text[:1000]))


def _denied(clause: str, words: Set[str]) -> bool:
    found = stems_in(clause)
    about = [place for place, word in enumerate(found) if word in words and word not in _DENYING]
    if not about:
        return False
    if _EXCEPT.search(clause) or _UNSPACED.search(clause):
        return True
    return any(
        0 < place - no <= REACH or (0 < no - place <= REACH_BEFORE and word in _AFTER_ITS_VERB)
        for no, word in enumerate(found)
        if word in _DENYING and not _NOT_DENYING_NEXT.intersection(found[no + 1 : no + 2])
        for place in about
    )
