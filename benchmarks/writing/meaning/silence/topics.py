"""Greetings and thanks, and questions that were meant for another chat: nothing is relevant."""

from collections.abc import Iterator

from benchmarks.writing.meaning.silence.chats import CHATS, Topic
from benchmarks.writing.meaning.silence.phrases import GREETINGS
from benchmarks.writing.trial import Draw, Row, SubKind, spread


def other_topics(draw: Draw) -> Iterator[SubKind]:
    """Each question in the four other chats; the control in its own, where it must be found."""
    random = draw.random("topics")
    for topic in CHATS:
        chat = spread(topic.said)
        strangers = [asked for other in CHATS if other is not topic for asked, _ in other.questions]
        chosen = random.sample(strangers, min(draw.rows, len(strangers)))
        rows = tuple(Row(chat, asked, frozenset(), "silence") for asked in chosen)
        yield SubKind(f"question of another chat, {topic.name}", rows, _own(topic))


def small_talk(draw: Draw) -> Iterator[SubKind]:
    for language, phrases in GREETINGS.items():
        random = draw.random("small talk", language)
        topic = random.choice(CHATS)
        chat = spread(topic.said)
        chosen = random.sample(phrases, min(draw.rows, len(phrases)))
        rows = tuple(Row(chat, phrase, frozenset(), "silence") for phrase in chosen)
        yield SubKind(f"small talk, {language}", rows, _own(topic))


def _own(topic: Topic) -> tuple[Row, ...]:
    chat = spread(topic.said)
    return tuple(
        Row(
            chat,
            asked,
            frozenset(topic.said.index(text) for text in topic.evidence(part)),
            "first and relevant",
        )
        for asked, part in topic.questions
    )
