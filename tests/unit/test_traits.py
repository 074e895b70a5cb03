import pytest

from retrieval.text import traits
from retrieval.text.traits import FIRST_PERSON, PLACE, QUESTION, TIME


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("The router is red", 0),
        ("I rebooted it", FIRST_PERSON),
        ("OUR router", FIRST_PERSON),
        ("i’ve rebooted it", FIRST_PERSON),
        ("Inside the mine of Myanmar weather", FIRST_PERSON),
        ("It broke yesterday", TIME),
        ("It broke last week", TIME),
        ("It broke on Friday", TIME),
        ("It broke in May", TIME),
        ("It may break", 0),
        ("It broke in October", TIME),
        ("It broke in 2023", TIME),
        ("It stands in Lisbon", PLACE),
        ("It stands near the park", PLACE),
        ("In I trust", FIRST_PERSON),
        ("It broke 3 weeks after the WEEKEND", TIME),
        ("It broke two months after that", TIME),
        ("It stopped at 9 pm", TIME),
        ("Each week is past", 0),
        ("It went to the Alps", PLACE),
        ("it went to a café", PLACE),
        ("it went to the alps", 0),
        ("Is it broken?", QUESTION),
        ("壊れていますか？", QUESTION),
        ("Did I leave it at the station last Friday?", FIRST_PERSON | TIME | PLACE | QUESTION),
        ("", 0),
    ],
)
def test_traits_of_short_texts(text: str, bits: int) -> None:
    assert traits.of(text) == bits


def test_long_texts_keep_only_the_first_person() -> None:
    text = "I was in Lisbon yesterday? " + "word " * 130

    assert traits.of(text) == FIRST_PERSON
