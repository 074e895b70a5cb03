"""The words of an English question that carry its content."""

import re

from retrieval.search.query.word_lists import STOP_WORDS

_WORD = re.compile(r"[^\W_]+(?:['’.:/@_-][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")


def content_words(text: str) -> list[str]:
    """In lower case and in order."""
    words = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return [
        word
        for word in words
        if word not in STOP_WORDS and _POSSESSIVE.sub("", word) not in STOP_WORDS
    ]
