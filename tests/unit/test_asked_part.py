"""What is searched of a question that comes with a long paste."""

import pytest

from agent.recall.asked_part import asked_part
from agent.recall.query import Asker, RecallLimits, TurnQuery
from retrieval.wire import MAX_QUERY_CHARS

LOG = "2025-03-01 12:00:01 pump 7 pressure 3.1 bar\n" * 2_000
QUESTION = "Which pump did Ana mean?"


def test_what_is_short_enough_is_searched_as_it_is() -> None:
    assert asked_part(QUESTION) == QUESTION


@pytest.mark.parametrize(
    "text",
    [f"{LOG}{QUESTION}", f"{QUESTION}\n{LOG}", f"{LOG}Here it is. {QUESTION} Thanks!\n"],
    ids=["behind the paste", "before it", "in the last line"],
)
def test_the_question_comes_first_and_then_the_beginning(text: str) -> None:
    part = asked_part(text)

    assert part.startswith(QUESTION)
    assert "pressure" in part
    assert len(part) <= MAX_QUERY_CHARS


def test_without_a_question_the_beginning_is_searched() -> None:
    assert asked_part(LOG) == LOG[:MAX_QUERY_CHARS]


def test_addresses_are_no_questions() -> None:
    text = "https://shop.example/?page=2 " * 1_000

    assert asked_part(text) == text[:MAX_QUERY_CHARS]


@pytest.mark.parametrize("question", ["泵在哪里？", "أين المضخة؟"])
def test_questions_of_other_scripts_are_found(question: str) -> None:
    assert asked_part(f"{LOG}{question}").startswith(question)


@pytest.mark.parametrize(
    "text",
    [LOG + QUESTION, "?" * 100_000, "\n" * 100_000 + "x", "\ufdfa" * 60_000, "a" * 70_000],
    ids=["log", "question marks", "lines", "ligatures", "one word"],
)
def test_a_turn_always_has_a_query_that_a_backend_takes(text: str) -> None:
    query = TurnQuery(text, Asker("ada"), exclude=frozenset())

    assert 0 < len(query.request(RecallLimits()).query) <= MAX_QUERY_CHARS
