"""When a search must find something, and when it must say that nothing is relevant."""

from benchmarks.writing.meaning.silence.said import said_words
from benchmarks.writing.meaning.silence.topics import other_topics, small_talk
from benchmarks.writing.trial import Draw, SubKind


def silence(draw: Draw) -> list[SubKind]:
    return [*said_words(draw), *small_talk(draw), *other_topics(draw)]
