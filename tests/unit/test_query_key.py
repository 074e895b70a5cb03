"""Which wordings of a query are searched once."""

import pytest

from agent.recall.query import query_key, query_words


@pytest.mark.parametrize(
    ("interim", "final"),
    [
        ("where is the key", "Where is the key?"),
        ("um where is the key", "Uh, where is, er, the key…"),
        ("where is the key", "Okay, so where is the key, please?"),
        ("where is the key", "Hello! Where is the key? Thank you."),
        ("what about order-4711", "What about order-4711?"),
        ("ﬁle names", "file names"),
    ],
)
def test_punctuation_fillers_and_courtesies_do_not_change_a_query(interim: str, final: str) -> None:
    assert query_key(interim) == query_key(final)


@pytest.mark.parametrize(
    ("interim", "final"),
    [
        ("where is the key", "where is the key of the cellar"),
        ("is the server", "is the server well"),
        ("is that", "is that okay"),
        ("what did", "what did you"),
        ("order-4711", "order 4711"),
        ("I like it", "I don't like it"),
        ("who am I", "who I am"),
    ],
)
def test_anything_else_does(interim: str, final: str) -> None:
    assert query_key(interim) != query_key(final)


@pytest.mark.parametrize(
    ("text", "words"),
    [("🚲", "🚲"), ("🚲?", "🚲"), ("Who sent 👩‍🚒, please?", "Who sent 👩‍🚒"), ("नमस्ते!", "नमस्ते")],
)
def test_emoji_and_vowel_signs_are_kept(text: str, words: str) -> None:
    assert query_words(text) == words


@pytest.mark.parametrize(
    "text", ["", "  ", "…?!", "um", "Hello!", "okay, thanks", "thank you", "hi"]
)
def test_small_talk_has_nothing_to_search_for(text: str) -> None:
    assert query_key(text) == ""


def test_thank_as_a_verb_and_you_as_a_person_stay() -> None:
    assert query_key("Did you thank Ben?") == "did you thank ben"
    assert query_key("What would Ben ask you") == "what would ben ask you"


def test_what_is_sent_keeps_its_case_and_loses_what_a_transcription_adds_later() -> None:
    assert query_words("Uh, where is Mark's key, please?") == "where is Mark's key"
