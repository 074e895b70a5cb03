"""What was searched in place of a follow-up is told as parts of messages, and never as a text."""

import random

import pytest

from agent.recall.read_as import UNKNOWN, Said, spans_of
from retrieval.wire import MessageId, TextSpan

ASKED = Said(MessageId("q"), "And what about   the second one?")
EARLIER = Said(MessageId("e"), "  Where did Mia hang the keys? ")
ANSWER = Said(MessageId("a"), "One hangs behind the fridge, the second one in the shed.")
SAID = [ASKED, ANSWER, EARLIER]


def _told(read_as: str, said: list[Said] | None = None) -> list[str]:
    """Each part as text, with the id of its message."""
    texts = {each.id: each.text for each in said or SAID}
    return [
        f"{part.message_id}: {texts[part.message_id][part.start : part.end]}"
        if isinstance(part, TextSpan)
        else part
        for part in spans_of(read_as, said or SAID)
    ]


def test_the_parts_of_a_resolved_follow_up_are_found_in_their_messages() -> None:
    read_as = "Where did Mia hang the keys? in the shed And what about the second one"
    assert _told(read_as) == [
        "e: Where did Mia hang the keys?",
        "a: in the shed",
        "q: And what about",
        "q: the second one",
    ]


def test_a_name_in_place_of_a_pronoun_is_a_part_and_its_ending_is_glue() -> None:
    assert _told("Where is Mia's fridge") == ["e: Where", UNKNOWN, "e: Mia", "'s", "a: fridge"]


def test_words_that_no_message_has_are_not_copied() -> None:
    assert _told("my xylophone teacher Zebedee hang the keys") == [
        "my",
        UNKNOWN,
        "e: hang the keys",
    ]


@pytest.mark.parametrize("seed", range(20))
def test_every_part_is_whole_words_and_all_that_is_in_messages_is_told(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a repeatable test
    words = ["key", "Ünal", "日本", "don't", "a-b", "x" * 50, "I", "🦊", "fridge."]
    said = [
        Said(MessageId(f"m{n}"), " ".join(chance.choices(words, k=chance.randint(1, 30))))
        for n in range(6)
    ]
    read_as = " ".join(" ".join(each.text.split()) for each in chance.sample(said, 3))
    told = [part.partition(": ")[2] for part in _told(read_as, said)]
    assert " ".join(told).split() == read_as.split()


def test_a_long_text_of_which_nothing_is_known_is_one_sign() -> None:
    assert spans_of("secret " * 2_000, [ASKED]) == [UNKNOWN]
