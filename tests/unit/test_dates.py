from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from retrieval.search.query.dates import Days, fit, named_days

NOW = datetime(2024, 1, 10, 12, 0, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("on 7 May 2023", "2023-05-07", "2023-05-07"),
        ("on May 7, 2023", "2023-05-07", "2023-05-07"),
        ("on the 20th of October, 2023", "2023-10-20", "2023-10-20"),
        ("2023-05-07", "2023-05-07", "2023-05-07"),
        ("what happened in May 2023?", "2023-05-01", "2023-05-31"),
        ("in 2022", "2022-01-01", "2022-12-31"),
        ("what did I say yesterday?", "2024-01-09", "2024-01-09"),
        ("the day before yesterday", "2024-01-08", "2024-01-08"),
        ("last night", "2024-01-09", "2024-01-10"),
        ("last week", "2024-01-01", "2024-01-07"),
        ("this week", "2024-01-08", "2024-01-14"),
        ("last weekend", "2024-01-06", "2024-01-07"),
        ("two weeks ago", "2023-12-25", "2023-12-31"),
        ("three days ago", "2024-01-07", "2024-01-07"),
        ("a couple of months ago", "2023-11-01", "2023-11-30"),
        ("last month", "2023-12-01", "2023-12-31"),
        ("last year", "2023-01-01", "2023-12-31"),
        ("last Friday", "2024-01-05", "2024-01-05"),
        ("on Tuesday", "2024-01-09", "2024-01-09"),
    ],
)
def test_dates_with_a_year_mean_these_days(query: str, first: str, last: str) -> None:
    days = Days(date.fromisoformat(first), date.fromisoformat(last))

    assert named_days(query, now=NOW) == [days]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("in May", "2023-05-01", "2023-05-31"),
        ("on the 3rd of July", "2023-07-03", "2023-07-03"),
        ("October", "2023-10-01", "2023-10-31"),
    ],
)
def test_dates_without_a_year_mean_these_days_of_any_year(
    query: str, first: str, last: str
) -> None:
    days = Days(date.fromisoformat(first), date.fromisoformat(last), yearly=True)

    assert named_days(query, now=NOW) == [days]


@pytest.mark.parametrize(
    "query", ["may I ask", "they march on", "a second opinion", "order 4711", "", "30 February"]
)
def test_other_words_name_no_days(query: str) -> None:
    assert named_days(query, now=NOW) == []


def test_several_dates_are_all_found() -> None:
    assert len(named_days("between 3 May 2023 and 7 June 2023", now=NOW)) == 2


def test_yesterday_is_the_askers_yesterday() -> None:
    just_before_midnight = datetime(2024, 1, 10, 23, 30, tzinfo=UTC)

    in_tokyo = named_days("yesterday", now=just_before_midnight.astimezone(ZoneInfo("Asia/Tokyo")))

    assert in_tokyo == [Days(date(2024, 1, 10), date(2024, 1, 10))]


def _at(*texts: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([datetime.fromisoformat(text).timestamp() for text in texts])


def test_a_message_fits_on_the_day_and_less_in_the_week_after() -> None:
    days = [Days(date(2024, 1, 1), date(2024, 1, 1))]
    at = _at(
        "2023-12-31T23:59Z", "2024-01-01T00:00Z", "2024-01-02T00:00Z", "2024-01-05T12:00Z",
        "2024-02-01T00:00Z",
    )  # fmt: skip

    assert fit(days, at, zone=UTC) == pytest.approx([0, 1, 1, 0.5, 0])


def test_a_day_begins_at_midnight_where_the_asker_is() -> None:
    days = [Days(date(2024, 1, 1), date(2024, 1, 1))]
    new_year_in_auckland = _at("2023-12-31T11:30Z")

    assert fit(days, new_year_in_auckland, zone=ZoneInfo("Pacific/Auckland")).tolist() == [1]
    assert fit(days, new_year_in_auckland, zone=UTC).tolist() == [0]


def test_a_month_without_a_year_fits_in_every_year() -> None:
    days = [Days(date(2023, 5, 1), date(2023, 5, 31), yearly=True)]

    fits = fit(days, _at("2021-05-10T00:00Z", "2022-07-10T00:00Z", "2023-05-31T23:00Z"), zone=UTC)

    assert fits.tolist() == [1, 0, 1]


def test_the_29th_of_february_has_a_place_in_every_year() -> None:
    days = [Days(date(2024, 2, 29), date(2024, 2, 29), yearly=True)]

    assert fit(days, _at("2023-03-01T12:00Z"), zone=UTC).tolist() == [1]


def test_without_days_or_messages_nothing_fits() -> None:
    assert fit([], _at("2024-01-01T00:00Z"), zone=UTC).tolist() == [0]
    assert fit([Days(date(2024, 1, 1), date(2024, 1, 1))], np.zeros(0), zone=UTC).tolist() == []
