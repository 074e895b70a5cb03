"""In which languages a text may name days, by its script and its most frequent words."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from retrieval.search.query.days.languages import ENGLISH, LANGUAGES
from retrieval.search.query.days.words.folding import folded_in_place
from retrieval.search.query.days.words.language import Language
from retrieval.search.query.days.words.names import names_of

_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(
    r"(?<!\w)\d{1,4}[./-]\s?\d|(?<![\w.,])(?:19|20)\d\d(?!\d)"
    r"|(?<!\w)(?:[0-3]?\d(?:st|nd|rd|th|er|[ºª.])|[qt][1-4])(?!\w)|\d[号號日]"
)
"""Signs of a date in digits."""
_BARE_DAY = re.compile(r"(?<![\w.,])[0-3]?\d(?!\w)")
_SCRIPTS: Final = (
    ("ja", re.compile("[぀-ヿ]")),
    ("ja", re.compile("[㐀-鿿]")),
    ("zh", re.compile("[㐀-鿿]")),
    ("ko", re.compile("[가-힣]")),
    ("ru", re.compile("[А-яЁё]")),
    ("ar", re.compile("[؀-ۿ]")),
    ("he", re.compile("[א-ת]")),
    ("el", re.compile("[α-ωΑ-Ω]")),
    ("hi", re.compile("[ऀ-ॿ]")),
    ("th", re.compile("[ก-๛]")),
)
_NAMES: Final[Mapping[str, str]] = {
    "arabic": "ar", "armenian": "hy", "basque": "eu", "catalan": "ca", "danish": "da",
    "finnish": "fi", "greek": "el", "hindi": "hi", "hungarian": "hu", "indonesian": "id",
    "irish": "ga", "lithuanian": "lt", "nepali": "ne", "norwegian": "nb", "romanian": "ro",
    "serbian": "sr", "swedish": "sv", "tamil": "ta", "turkish": "tr", "yiddish": "yi",
}  # fmt: skip
"""PostgreSQL's languages that have no table here: dateparser knows their words for days."""
_CLEAR_LEAD = 2
"""Words more than the room's language by which another one excludes it."""


_SURE = 2
_FEW_WORDS = 3
"""In more words, a single one does not tell the language."""


def languages_of(text: str, *, room: str) -> list[Language]:
    """Likeliest first; none if nothing in the text can be a day. `text` is folded."""
    tokens = set(_WORD.findall(text))
    digits = _DIGITS.search(text) is not None
    return [
        language
        for language in _candidates(text, tokens, room)
        if digits or _may_name_days(language, text, tokens)
    ]


def _may_name_days(language: Language, text: str, tokens: set[str]) -> bool:
    triggers = names_of(language).triggers
    if not language.spaced:
        return any(trigger in text for trigger in triggers)
    if not triggers.isdisjoint(tokens):
        return True
    return language.bare_monthday and _BARE_DAY.search(text) is not None


def _candidates(text: str, tokens: set[str], room: str) -> Iterator[Language]:
    votes = Counter(code for token in tokens for code in _languages_by_word().get(token, ()))
    if not text.isascii():
        votes.update(code for code, script in _SCRIPTS if script.search(text))
    most = max(votes.values(), default=0)
    own = language_named(room)
    likely = [code for code, count in votes.items() if count == most]
    if most < _SURE and len(tokens) > _FEW_WORDS and text.isascii():
        likely = []
    if own is not None and votes[own.code] > most - _CLEAR_LEAD:
        likely.insert(0, own.code)
    for code in dict.fromkeys((*likely, ENGLISH.code)):
        yield own if own is not None and own.code == code else language_of(code)


def language_named(name: str) -> Language | None:
    """For PostgreSQL's name; None for `simple`."""
    for language in LANGUAGES:
        if language.name == name:
            return language
    return language_of(_NAMES[name]) if name in _NAMES else None


@lru_cache(maxsize=64)
def language_of(code: str) -> Language:
    for language in LANGUAGES:
        if language.code == code:
            return language
    return Language(code, name="", spaced=code not in ("ko", "th"))


@lru_cache(maxsize=1)
def _languages_by_word() -> dict[str, tuple[str, ...]]:
    """Which languages have a word among their frequent ones or their days."""
    found: dict[str, tuple[str, ...]] = {}
    for language in LANGUAGES:
        if language.spaced:
            names = names_of(language)
            abbreviations = names.months.keys() - names.full_months
            telling = names.triggers - abbreviations
            for word in {*folded_in_place(language.function_words).split(), *telling}:
                found[word] = (*found.get(word, ()), language.code)
    return found
