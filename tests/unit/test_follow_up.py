import pytest

from retrieval.search.query.follow_up.antecedents import resolved
from retrieval.search.query.follow_up.ordinals import item_asked_for, listed
from retrieval.search.query.follow_up.previous_turn import (
    MAX_GIST_CHARS,
    KnownPeople,
    previous_turn,
)
from retrieval.search.query.follow_up.signs import sign_of_follow_up
from retrieval.wire import WindowMessage

NAMES = {"cleo": frozenset({"cleo"}), "ben": frozenset({"ben"})}
PEOPLE = KnownPeople(NAMES, participants=4, asker="ana")


def _window(*said: str) -> list[WindowMessage]:
    """Written as `who: what`; the agent is the assistant."""
    pairs = [line.split(": ", 1) for line in said]
    return [
        WindowMessage(
            role="assistant" if who == "agent" else "user", participant=who, content=content
        )
        for who, content in pairs
    ]


def _resolved(query: str, *said: str) -> str | None:
    sign = sign_of_follow_up(query)
    assert sign is not None
    return resolved(query, sign, window=_window(*said), people=PEOPLE)


@pytest.mark.parametrize(
    ("query", "sign"),
    [
        ("why?", "bare"),
        ("and when was that", "bare"),
        ("and the second one?", "bare"),
        ("what else", "bare"),
        ("tell me more", "bare"),
        ("What about her?", "about"),
        ("what about the invoice", "about"),
        ("那第二个呢?", "about"),
        ("二番目は", "about"),
        ("And in March?", "opening"),
        ("And Cleo?", "opening"),
        ("und im März?", "opening"),
        ("¿y el segundo?", "opening"),
        ("How much did it cost?", "thing"),
        ("which one is cheaper", "thing"),
        ("did they answer", "thing"),
        ("What did she say about the support group?", "person"),
    ],
)
def test_what_says_hardly_anything_by_itself_is_a_follow_up(query: str, sign: str) -> None:
    assert sign_of_follow_up(query) == sign


@pytest.mark.parametrize(
    "query",
    [
        "Where is the zeppelin?",
        "A-48213",
        "A-48213?",
        "E_CONN_RESET",
        "https://example.org/invoice/77",
        "Berlin",
        "What was my order number?",
        "And what is the serial number of the cellar pump?",
        "What about the blue chair that was delivered last March?",
        "Is it true that the museum opens at nine on Sundays?",
        "Wann kommt die Lieferung?",
        "我的订单号是多少",
        "注文番号は何番でしたか",
        "ما هو رقم الطلب",
        "i paid yesterday for the chair",
        "and you?",
        "thanks, that helps",
        "how are you?",
        "🙂",
        "?",
        "it " * 200,
    ],
)
def test_what_stands_on_its_own_is_none(query: str) -> None:
    assert sign_of_follow_up(query) is None


def test_a_pronoun_gets_the_name_and_nothing_else_of_the_previous_question() -> None:
    said = ("ana: When did Cleo move to Porto?", "agent: In May.")
    query = "What did she say about her support group?"
    assert _resolved(query, *said) == "What did Cleo say about Cleo's support group?"


def test_an_object_pronoun_is_no_possessive() -> None:
    said = ("ana: When did Cleo move to Porto?",)
    query = "Who gave her the spare key of the cellar?"
    # "her the" is no possession: the noun comes after an article.
    assert _resolved(query, *said) == "Who gave Cleo the spare key of the cellar?"


def test_a_question_that_says_little_follows_the_previous_one() -> None:
    said = ("ana: What did the cellar pump cost?", "agent: 310 euros.")
    assert _resolved("And in March?", *said) == "What did the cellar pump cost? And in March?"


def test_a_bare_question_word_follows_question_and_answer() -> None:
    said = ("ana: Who repaired the pump?", "agent: Ben did, with a new seal.")
    expected = "Who repaired the pump? Ben did, with a new seal. And when?"
    assert _resolved("And when?", *said) == expected


def test_asking_for_more_leaves_out_what_was_answered() -> None:
    said = ("ana: Which books did Cleo read?", "agent: Dune.")
    assert _resolved("What else?", *said) == "Which books did Cleo read? What else?"


@pytest.mark.parametrize(
    ("query", "previous", "expected"),
    [
        ("What about Ben?", "What did Cleo paint?", "What did Ben paint?"),
        ("And Ben?", "What is Cleo's favourite pump?", "What is Ben's favourite pump?"),
        ("what about me", "What did Cleo paint?", "What did I paint?"),
        ("And Ben?", "When is my appointment?", "When is Ben's appointment?"),
        ("What about Ben?", "Who has the key?", "Who has the key? What about Ben?"),
    ],
)
def test_another_person_takes_the_place_of_the_one_asked_about(
    query: str, previous: str, expected: str
) -> None:
    assert _resolved(query, f"ana: {previous}") == expected


def test_an_ordinal_means_the_item_that_the_answer_listed() -> None:
    said = ("ana: Which orders are open?", "agent: A-48213 (chair) and A-50017 (table).")
    expected = "Which orders are open? A-50017 And the second one?"
    assert _resolved("And the second one?", *said) == expected


def test_follow_ups_go_back_to_the_question_that_they_all_went_on_from() -> None:
    said = (
        "ana: What did the cellar pump cost?",
        "agent: 310 euros.",
        "ana: And in March?",
        "agent: 290 euros.",
    )
    expected = "What did the cellar pump cost? And in March? the warranty, was it cheaper?"
    assert _resolved("the warranty, was it cheaper?", *said) == expected


def test_a_day_in_the_query_takes_the_place_of_the_earlier_one() -> None:
    said = ("ana: Who had the key on 3 May?",)
    assert _resolved("And on 4 June?", *said) == "Who had the key  ? And on 4 June?"


def test_a_name_in_the_query_is_the_antecedent() -> None:
    query = "What did Cleo say about her support group?"
    assert _resolved(query, "ana: When did Ben move?") is None


def test_without_a_question_before_it_a_query_is_left_as_it_is() -> None:
    assert _resolved("why?", "agent: Hello, I am here.") is None
    assert _resolved("why?", "ana: hello there") is None


def test_he_is_never_the_asker_nor_the_agent() -> None:
    said = ("ana: What did ana promise to agent?", "ben: no idea about the chair")
    query = "What did he say about the cellar window?"
    assert _resolved(query, *said) == "What did ben say about the cellar window?"


def test_the_askers_own_question_goes_on_while_others_speak() -> None:
    said = _window("ana: Where is the pump?", "agent: In the cellar.", "ben: Who ate the cake?")
    turn = previous_turn(said, asker="ana")
    assert turn is not None
    assert turn.question == "Where is the pump?"
    assert turn.answer == "In the cellar."


def test_who_has_not_spoken_lately_goes_on_from_what_was_asked_last() -> None:
    said = _window("cleo: Where is the pump?", *["ben: Who ate the cake?", "agent: Nobody."] * 3)
    turn = previous_turn(said, asker="cleo")
    assert turn is not None
    assert turn.question == "Who ate the cake?"


def test_of_a_long_message_its_last_question_counts() -> None:
    said = _window("ana: " + "log line\n" * 100 + "Why does the pump stop?\n" + "trace\n" * 50)
    turn = previous_turn(said, asker="ana")
    assert turn is not None
    assert turn.question == "Why does the pump stop?"


def test_what_enters_a_query_is_bounded() -> None:
    said = ["ana: " + "word " * 399, "agent: " + "answer " * 280]
    text = _resolved("why?", *said)
    assert text is not None
    assert len(text) <= 2 * MAX_GIST_CHARS + len("why?") + 2


def test_lists_are_lines_or_codes() -> None:
    assert listed("Two:\n1. red pump\n2) blue pump\n") == ["red pump", "blue pump"]
    assert listed("- tea\n* milk") == ["tea", "milk"]
    assert listed("Either A-48213 or v2.10.3, not A-48213.") == ["A-48213", "v2.10.3"]
    assert listed("Nothing of the kind.") == []


@pytest.mark.parametrize(
    ("query", "item"),
    [
        ("the first one", "tea"),
        ("and the second?", "milk"),
        ("the last one", "milk"),
        ("the third one", None),
        ("und die zweite?", "milk"),
        ("which one", None),
    ],
)
def test_an_ordinal_counts_the_items(query: str, item: str | None) -> None:
    assert item_asked_for(query, "1. tea\n2. milk") == item
