"""Days that a question names, in seven languages."""

from collections.abc import Iterator

from benchmarks.writing.meaning.days import english, languages
from benchmarks.writing.meaning.days.journals import DAILY, ENGLISH, OTHERS, SPARSE, asked, diaries
from benchmarks.writing.meaning.days.parts import parts_of_days
from benchmarks.writing.meaning.days.zones import time_zones
from benchmarks.writing.trial import Draw, SubKind


def days(draw: Draw) -> list[SubKind]:
    return [*_english(draw), *parts_of_days(draw), *time_zones(draw), *_others(draw)]


def _english(draw: Draw) -> Iterator[SubKind]:
    daily = diaries(draw, ENGLISH, DAILY)
    phrases = english.recent(draw.today, draw.random("days", "recent"), draw.rows)
    for name, given in phrases.items():
        yield asked(f"english: {name}", draw, daily, given)
    sparse = diaries(draw, ENGLISH[:2], SPARSE)
    far = english.distant(draw.today, draw.random("days", "distant"), draw.rows)
    for name, given in far.items():
        yield asked(f"english: {name}", draw, sparse, given)


def _others(draw: Draw) -> Iterator[SubKind]:
    for language, words in languages.LANGUAGES.items():
        journals = OTHERS[language]
        random = draw.random("days", language)
        daily = diaries(draw, journals, DAILY)
        for name, given in languages.recent(words, draw.today, random, draw.rows).items():
            yield asked(f"{language}: {name}", draw, daily, given)
        sparse = diaries(draw, journals[:1], SPARSE)
        for name, given in languages.distant(words, draw.today).items():
            yield asked(f"{language}: {name}", draw, sparse, given)
