"""Every kind of writing that is measured, by name."""

from collections.abc import Mapping

from benchmarks.writing.meaning.days import days
from benchmarks.writing.meaning.negation import negation
from benchmarks.writing.meaning.newest import newest
from benchmarks.writing.meaning.repeats import repeats
from benchmarks.writing.meaning.silence import silence
from benchmarks.writing.spelling.forms import forms
from benchmarks.writing.spelling.joined import joined
from benchmarks.writing.spelling.marks import marks
from benchmarks.writing.spelling.numbers import numbers
from benchmarks.writing.spelling.typos import typos
from benchmarks.writing.spelling.unspaced import unspaced
from benchmarks.writing.trial import Generator

KINDS: Mapping[str, Generator] = {
    "marks": marks,
    "numbers": numbers,
    "unspaced": unspaced,
    "joined": joined,
    "forms": forms,
    "typos": typos,
    "days": days,
    "newest": newest,
    "silence": silence,
    "repeats": repeats,
    "negation": negation,
}
