"""How a query is read: people, first person, places, small talk."""

from datetime import UTC, datetime

import pytest

from retrieval.search.query.keywords import are_keywords
from retrieval.search.query.people import About, possible_names
from retrieval.search.query.query import Query, understand
from retrieval.search.query.small_talk import is_small_talk

NOW = datetime(2024, 1, 10, tzinfo=UTC)
ROOM = {
    "ana": {"Ana Ruiz"},
    "ruiz": {"Ana Ruiz"},
    "ana ruiz": {"Ana Ruiz"},
    "bob": {"Bob"},
    "will": {"Will"},
    "st_ephan": {"St_ephan"},
    "lee": {"Ann Lee", "Bo Lee"},
}


def _understand(text: str, *, asker: str | None = None, participants: int = 6) -> Query:
    names = {name: frozenset(ROOM[name]) for name in possible_names(text) if name in ROOM}
    return understand(text, names=names, participants=participants, asker=asker, now=NOW)


@pytest.mark.parametrize(
    ("text", "embedded", "about"),
    [
        ("When did Bob move?", "When did I move?", {"Bob"}),
        ("What is Bob's address?", "What is my address?", {"Bob"}),
        ("What is Bob’s address?", "What is my address?", {"Bob"}),
        ("when did bob move", "when did I move?", {"Bob"}),
        ("what did @Bob say?", "what did @I say?", {"Bob"}),
        ("Bob: what was it", "I: what was it", {"Bob"}),
        ("What does Ana Ruiz like?", "What does I like?", {"Ana Ruiz"}),
        ("What does Ruiz like?", "What does I like?", {"Ana Ruiz"}),
        ("did st_ephan pay?", "did I pay?", {"St_ephan"}),
        ("What did Lee order?", "What did I order?", {"Ann Lee", "Bo Lee"}),
        ("Did Bob meet Ana?", "Did I meet I?", set()),
        ("what will happen", "what will happen?", set()),
        ("what did Will say", "what did I say?", {"Will"}),
        ("what happened", "what happened?", set()),
        ("bobsleigh", "bobsleigh", set()),
    ],
)
def test_names_become_i_and_tell_whom_the_query_is_about(
    text: str, embedded: str, about: set[str]
) -> None:
    query = _understand(text)

    assert query.embedded_text == embedded
    assert query.about == About(frozenset(about))


@pytest.mark.parametrize(
    ("text", "embedded"),
    [
        ("where did the parcel go", "where did the parcel go?"),
        ("and who told you", "and who told you?"),
        ("where did the parcel go?", "where did the parcel go?"),
        ("where it goes, nobody knows!", "where it goes, nobody knows!"),
        ("the parcel went away", "the parcel went away"),
    ],
)
def test_a_spoken_question_is_embedded_with_its_question_mark(text: str, embedded: str) -> None:
    assert _understand(text).embedded_text == embedded


def test_i_is_who_asks() -> None:
    assert _understand("What was my order number?", asker="Bob").about.people == {"Bob"}
    assert _understand("what did I say", asker="Bob").about.people == {"Bob"}
    assert _understand("what was the order number?", asker="Bob").about.people == set()
    assert _understand("What was my order number?").about == About(role="user")


def test_a_person_named_is_meant_rather_than_me() -> None:
    assert _understand("what did Ana tell me?", asker="Bob").about.people == {"Ana Ruiz"}
    assert _understand("what did I tell Ana?", asker="Bob").about.people == {"Bob"}


@pytest.mark.parametrize(
    "text", ["what did you recommend to me?", "You said it was safe", "what was your advice?"]
)
def test_what_you_said_is_what_the_assistant_said(text: str) -> None:
    assert _understand(text, asker="Bob").about == About(role="assistant")


@pytest.mark.parametrize("text", ["can you find my order?", "do you know my name?"])
def test_polite_forms_do_not_ask_for_what_the_assistant_said(text: str) -> None:
    assert _understand(text, asker="Bob").about == About(frozenset({"Bob"}))


def test_in_a_crowd_a_name_needs_a_capital_letter_a_sign_or_a_place_for_names() -> None:
    crowd = 100

    assert _understand("the bob is broken", participants=crowd).about.people == set()
    assert _understand("when did bob move", participants=crowd).about.people == {"Bob"}
    assert _understand("what bob suggested", participants=crowd).about.people == {"Bob"}
    assert _understand("when did Bob move", participants=crowd).about.people == {"Bob"}
    assert _understand("when did @bob move", participants=crowd).about.people == {"Bob"}
    assert _understand("when did st_ephan move", participants=crowd).about.people == {"St_ephan"}


def test_names_are_looked_for_in_the_beginning_of_a_long_query_only() -> None:
    assert len(possible_names("word " * 10_000 + "Bob")) < 5_000


@pytest.mark.parametrize("text", ["Where do you live?", "where is it", "Which city was it?"])
def test_questions_for_a_place_are_recognised(text: str) -> None:
    assert _understand(text).asks_where


@pytest.mark.parametrize("text", ["What was it?", "I know where it is", "somewhere"])
def test_other_questions_do_not_ask_for_a_place(text: str) -> None:
    assert not _understand(text).asks_where


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Hello there!",
        "thanks a lot",
        "How are you doing?",
        "how's it going",
        "ok, see you tomorrow",
        "have a great weekend",
        "could you say that again?",
        "why not",
        "🎉",
        "...",
        "?",
    ],
)
def test_small_talk_asks_for_nothing(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "thanks, and what was the code?",
        "what was my order number?",
        "what did I say yesterday?",
        "do you remember?",
        "how do I start",
        "hello world program",
        "A-48213",
        "我的订单",
        "where are you",
    ],
)
def test_questions_and_contents_are_not_small_talk(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize("text", ["bicycle", "green bicycle", "48213", "Müller Rechnung 2023"])
def test_a_few_words_with_content_are_keywords(text: str) -> None:
    assert are_keywords(text, language="english")


@pytest.mark.parametrize(
    "text",
    ["the bicycle", "bicycle?", "who stole it", "one two three four", "自行车", "🚲", "", "wo Rad"],
)
def test_sentences_are_not(text: str) -> None:
    assert not are_keywords(text, language="german" if text == "wo Rad" else "english")


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Who phoned the week before last?", None),
        ("What happened in the first week of May?", None),
        ("Что привезли в начале октября?", None),
        ("What is my badge as of today?", "newest"),
        ("What was my previous badge in 2024?", "previous"),
    ],
)
def test_words_that_name_days_are_none_of_order(text: str, order: str | None) -> None:
    query = understand(
        text, names={}, participants=2, asker=None, now=datetime(2026, 3, 14, 12, tzinfo=UTC)
    )
    assert query.order == order
