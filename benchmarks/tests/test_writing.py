"""The generated questions of bench-writing are fair, and the same for the same seed."""

from datetime import UTC, date, datetime
from functools import cache

import pytest

from benchmarks.writing import questions
from benchmarks.writing.figures import kind_figures, share, worst_share
from benchmarks.writing.kinds import KINDS
from benchmarks.writing.meaning.days.span import (
    Span,
    latest_day_of_month,
    latest_weekday,
    part_of_month,
    quarter,
    weekend,
)
from benchmarks.writing.names.digits import grouped, numbers
from benchmarks.writing.names.latin import edits, names
from benchmarks.writing.rooms import Answer
from benchmarks.writing.trial import Draw, Row, SubKind, spread

NOON = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)


def _draw(seed: str = "1", now: datetime = NOON) -> Draw:
    return Draw(seed, 20, now)


@cache
def _sub_kinds(kind: str) -> list[SubKind]:
    return KINDS[kind](_draw())


@pytest.mark.parametrize("kind", KINDS)
def test_every_sub_kind_has_twenty_questions_with_an_answer(kind: str) -> None:
    for sub in _sub_kinds(kind):
        assert len(sub.rows) >= 20, sub.name
        assert sub.controls, sub.name
        for row in (*sub.rows, *sub.controls):
            assert row.query.strip()
            assert bool(row.right) == (row.expects != "silence"), sub.name
            assert all(0 <= place < len(row.chat.said) for place in row.right), sub.name
        chats = {id(row.chat): row.chat for row in (*sub.rows, *sub.controls)}
        for chat in chats.values():
            assert all(said.days_ago > 0 for said in chat.said[:-1]), sub.name


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_questions_and_another_seed_others(kind: str) -> None:
    assert KINDS[kind](_draw("1")) == _sub_kinds(kind)
    assert KINDS[kind](_draw("2")) != _sub_kinds(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_sub_kinds_are_told_apart_by_name(kind: str) -> None:
    found = [sub.name for sub in _sub_kinds(kind)]

    assert len(set(found)) == len(found)


@pytest.mark.parametrize("kind", ["marks", "numbers", "joined", "forms", "typos", "unspaced"])
def test_each_question_has_a_message_of_its_own(kind: str) -> None:
    for sub in _sub_kinds(kind):
        assert len({row.right for row in sub.rows}) == len(sub.rows), sub.name
        texts = [said.text for said in sub.controls[0].chat.said]
        assert len(set(texts)) == len(texts), sub.name


@pytest.mark.parametrize("kind", ["marks", "joined", "forms", "typos"])
def test_no_way_of_writing_is_the_plain_one(kind: str) -> None:
    """A sub-kind that equals its control would measure nothing."""
    for sub in _sub_kinds(kind):
        pairs = zip(sub.rows, sub.controls, strict=True)
        same = [row for row, control in pairs if row == control]
        assert len(same) <= len(sub.rows) // 4, sub.name


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 1, 1, 0, 5, tzinfo=UTC),
        datetime(2026, 3, 2, 23, 55, tzinfo=UTC),
        datetime(2028, 2, 29, 11, tzinfo=UTC),
        datetime(2026, 8, 31, 18, tzinfo=UTC),
    ],
)
def test_days_can_be_asked_for_on_any_day_of_the_year(now: datetime) -> None:
    for sub in KINDS["days"](_draw(now=now)):
        assert all(row.right for row in sub.rows), sub.name


def test_names_differ_by_more_than_a_typing_error() -> None:
    found = names(_draw().random("names"), 20)

    assert min(edits(a, b) for a in found for b in found if a != b) >= 3


def test_edits_are_counted_like_levenshtein() -> None:
    assert (edits("kitten", "sitting"), edits("abc", "abc"), edits("", "abc")) == (3, 0, 3)


def test_numbers_differ_in_their_last_four_digits() -> None:
    found = numbers(_draw().random("names"), 20, 16)

    assert {len(one) for one in found} == {16}
    assert len({one[-4:] for one in found}) == 20


def test_the_last_size_of_groups_repeats() -> None:
    assert grouped("1234567", 1, 2) == "1 23 45 67"
    assert grouped("12345678", 4, sign="-") == "1234-5678"


def test_days_are_those_of_the_calendar() -> None:
    saturday = date(2026, 11, 28)

    assert weekend(saturday) == Span(date(2026, 11, 21), date(2026, 11, 22))
    assert latest_weekday(saturday, 5) == date(2026, 11, 21)
    assert latest_day_of_month(saturday, 29) == date(2026, 10, 29)
    assert part_of_month(saturday, 1, "late") == Span(date(2026, 10, 21), date(2026, 10, 31))
    assert quarter(saturday, 3) == Span(date(2026, 7, 1), date(2026, 9, 30))
    assert quarter(saturday, 4) == Span(date(2025, 10, 1), date(2025, 12, 31))


def test_a_kind_is_counted_with_its_control() -> None:
    chat = spread(["The code of Ada is 1.", "The code of Bob is 2."])
    odd = Row(chat, "code «Ada»", frozenset([0]))
    plain = Row(chat, "code Ada", frozenset([0]))
    silent = Row(chat, "hello", frozenset(), "silence")
    answers = {
        odd: Answer((1, 0), relevant=False, confidence=0.2),
        plain: Answer((0, 1), relevant=True, confidence=0.9),
        silent: Answer((0,), relevant=False, confidence=0.1),
    }

    figures = kind_figures([SubKind("quotes", (odd, silent), (plain, plain))], answers)

    assert (figures["top1"], figures["control_top1"], figures["n"]) == (0.5, 1.0, 2)
    assert (figures["top3"], figures["relevant"], figures["auroc"]) == (1.0, 0.0, 1.0)
    assert share(figures) == 0.5
    assert worst_share({"a": figures, "b": {"top1": 0.0, "control_top1": 0.0}}) == 0.5


@pytest.mark.parametrize(
    ("name", "least", "first"), [("house", 80, "front door code"), ("band", 45, "Kornspeicher")]
)
def test_questions_by_hand_name_marks_of_their_chat(name: str, least: int, first: str) -> None:
    found = questions.rows(_draw())[name]

    assert len(found) >= least
    chat = found[0].chat
    assert any(first in chat.said[place].text for place in found[0].right)
    assert {line.mark for line in questions.lines(name)} - {""} >= {
        mark for *_, marks in questions.CHATS[name] for mark in marks.split()
    }
    ages = [said.days_ago for said in chat.said]
    assert ages == sorted(ages, reverse=True)
    assert ages[-1] > 0
    assert all("[" not in said.text[:1] for said in chat.said)
