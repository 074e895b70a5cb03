"""Numbers in the spellings of countries, forms and hurried people."""

from benchmarks.writing.spelling.numbers.amounts import amounts
from benchmarks.writing.spelling.numbers.identifiers import digit_scripts, identifiers
from benchmarks.writing.spelling.numbers.phones import phones
from benchmarks.writing.trial import Draw, SubKind


def numbers(draw: Draw) -> list[SubKind]:
    return [*phones(draw), *amounts(draw), *identifiers(draw), *digit_scripts(draw)]
