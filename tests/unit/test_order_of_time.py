"""Which order of time a query asks for."""

import pytest

from retrieval.search.query.order import Order, asked_order, without_order_words


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Where do I park now?", "newest"),
        ("what's my current plan", "newest"),
        ("latest odometer value", "newest"),
        ("What was the last offer I sent you?", "newest"),
        ("When did we last hear from Kim?", "newest"),
        ("Who is our plumber at the moment?", "newest"),
        ("present landlord", "newest"),
        ("What was my first offer?", "oldest"),
        ("the original deadline", "oldest"),
        ("Where did we meet at the beginning?", "oldest"),
        ("What was my previous bank?", "previous"),
        ("Which bank did I have before?", "previous"),
        ("What was the last bank before this one?", "previous"),
        ("What was my old number?", "previous"),
        ("an old phone number of mine", "previous"),
        ("an old address of Ida's", "previous"),
        ("Wie lautet mein aktueller Tarif?", "newest"),
        ("Was war mein ursprünglicher Tarif?", "oldest"),
        ("Was war mein vorheriger Tarif?", "previous"),
        ("Quel est mon forfait actuel ?", "newest"),
        ("Quel était mon premier forfait ?", "oldest"),
        ("¿Cuál es mi tarifa actual?", "newest"),
        ("¿Cuál era mi tarifa anterior?", "previous"),
        ("Какой у меня сейчас тариф?", "newest"),
        ("Какой тариф был раньше?", "previous"),
        ("我现在的套餐是什么？", "newest"),
        ("最初のプランは何でしたか？", "oldest"),
        ("제 이전 요금제는 뭐였죠?", "previous"),
    ],
)
def test_words_of_order_are_read(text: str, order: Order) -> None:
    assert asked_order(text, language="english") == order


@pytest.mark.parametrize(
    "text",
    [
        "What did we do last week?",
        "what happened in the last three days",
        "How long did the battery last?",
        "What is Kim's first name?",
        "Who lives on the first floor?",
        "What did we plan at the beginning of May?",
        "Have you ever been there before?",
        "What was the bill of the previous month?",
        "an old friend of mine",
        "old photos of his trip",
        "What is the plan?",
    ],
)
def test_days_names_and_floors_are_no_order(text: str) -> None:
    assert asked_order(text, language="english") is None


def test_a_word_of_one_language_is_not_read_in_another() -> None:
    assert asked_order("Where does my son live?", language="english") is None
    assert asked_order("En son adres ne?", language="turkish") == "newest"


def test_words_of_order_say_nothing_about_the_subject() -> None:
    left = without_order_words("What was the last offer before this one?", language="english")
    assert left.split() == ["What", "was", "offer", "?"]
