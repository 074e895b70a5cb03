"""The part of a long text that is searched: backends take only so many characters as a query."""

import re
from typing import Final

from retrieval.wire import MAX_QUERY_CHARS

REACH: Final = 1_000
"""How far from either end of a long paste its question is looked for, at the end first."""

_SENTENCES = re.compile(r"\n|(?<=[.!。！？])\s*|(?<=[?؟])(?=[\s\"'”»)\]]|$)")
_MARKS = ("?", "？", "؟")


def asked_part(text: str, *, limit: int = MAX_QUERY_CHARS) -> str:
    """Up to `limit` characters, the question first: embedding models read the beginning only.

    People ask behind or before what they paste; the question is followed by the text's beginning.
    Without a question only the beginning is left.
    """
    if len(text) <= limit:
        return text
    text = text.strip()
    question = next(filter(None, map(_question, (text[-REACH:], text[:REACH]))), "")
    return f"{question} {text}".strip()[:limit]


def _question(part: str) -> str | None:
    sentences = [sentence.strip() for sentence in _SENTENCES.split(part)]
    asking = [one for one in sentences if one.endswith(_MARKS) and one.strip("?？؟")]
    return asking[-1] if asking else None
