"""Forms of one text: normal forms, invisible marks, accents, letters of languages."""

from benchmarks.writing.spelling.forms.letters import letter_forms
from benchmarks.writing.spelling.forms.unicode import unicode_forms
from benchmarks.writing.trial import Draw, SubKind


def forms(draw: Draw) -> list[SubKind]:
    return [*unicode_forms(draw), *letter_forms(draw)]
