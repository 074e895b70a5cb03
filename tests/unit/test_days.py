from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from retrieval.search.query.days import Days, fit, without_days
from tests.support.days import named_days

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
    (days,) = named_days(query, now=NOW)

    assert (str(days.first), str(days.last), days.yearly) == (first, last, False)


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
    ("query", "first", "last"),
    [
        ("over the weekend", "2024-01-06", "2024-01-07"),
        ("in the last 4 days", "2024-01-06", "2024-01-10"),
        ("in the past three weeks", "2023-12-20", "2024-01-10"),
        ("in the last week", "2024-01-01", "2024-01-10"),
        ("nine days ago", "2024-01-01", "2024-01-01"),
        ("thirty-two days ago", "2023-12-09", "2023-12-09"),
        ("a few days ago", "2024-01-05", "2024-01-08"),
        ("five hours ago", "2024-01-10", "2024-01-10"),
        ("thirteen hours ago", "2024-01-09", "2024-01-09"),
        ("a year ago", "2022-10-27", "2023-03-26"),
        ("three years ago", "2020-12-26", "2021-12-31"),
        ("half a year ago", "2023-06-10", "2023-08-09"),
        ("a year and a half ago", "2022-06-10", "2022-08-09"),
        ("the week before last", "2023-12-25", "2023-12-31"),
        ("the Sunday before 25 October 2022", "2022-10-23", "2022-10-23"),
        ("two weeks before 11 August 2023", "2023-07-28", "2023-08-10"),
        ("the week after 3 November 2023", "2023-11-04", "2023-11-10"),
        ("the day before last Friday", "2024-01-04", "2024-01-04"),
        ("the second week of November 2023", "2023-11-08", "2023-11-14"),
        ("Thursday last week", "2024-01-04", "2024-01-04"),
        ("last week on Thursday", "2024-01-04", "2024-01-04"),
        ("this Monday", "2024-01-08", "2024-01-08"),
        ("this Wednesday", "2024-01-10", "2024-01-10"),
        ("on Wednesday", "2024-01-03", "2024-01-03"),
        ("what did he say Saturday?", "2024-01-06", "2024-01-06"),
        ("on the 9th", "2024-01-09", "2024-01-09"),
        ("on the 11th about the roof", "2023-12-11", "2023-12-11"),
        ("on the 31st", "2023-12-31", "2023-12-31"),
        ("the 20th of last month", "2023-12-20", "2023-12-20"),
        ("9.1.2024", "2024-01-09", "2024-01-09"),
        ("on the fifteenth?", "2023-12-15", "2023-12-15"),
        ("on Jan. 9, 2024", "2024-01-09", "2024-01-09"),
        ("12/30/2023", "2023-12-30", "2023-12-30"),
        ("30/12/2023", "2023-12-30", "2023-12-30"),
        ("1/2/2023", "2023-01-02", "2023-01-02"),
        ("on 12/30/23", "2023-12-30", "2023-12-30"),
        ("2023/12/30", "2023-12-30", "2023-12-30"),
        ("in 11/2023", "2023-11-01", "2023-11-30"),
        ("early last week", "2024-01-01", "2024-01-02"),
        ("mid-June 2023", "2023-06-11", "2023-06-20"),
        ("at the end of last month", "2023-12-21", "2023-12-31"),
        ("the last week of October 2023", "2023-10-25", "2023-10-31"),
        ("the first week of the year", "2024-01-01", "2024-01-07"),
        ("the week of 6 December 2023", "2023-12-04", "2023-12-10"),
        ("late 2023", "2023-09-01", "2023-12-31"),
        ("last November", "2023-11-01", "2023-11-30"),
        ("November last year", "2023-11-01", "2023-11-30"),
        ("last summer", "2023-06-01", "2023-08-31"),
        ("last winter", "2022-12-01", "2023-02-28"),
        ("this winter", "2023-12-01", "2024-02-29"),
        ("summer 2022", "2022-06-01", "2022-08-31"),
        ("Q2 2023", "2023-04-01", "2023-06-30"),
        ("the third quarter of 2022", "2022-07-01", "2022-09-30"),
        ("last quarter", "2023-10-01", "2023-12-31"),
        ("the second half of 2023", "2023-07-01", "2023-12-31"),
        ("on New Year's Eve last year", "2023-12-31", "2023-12-31"),
        ("at Christmas 2022", "2022-12-23", "2022-12-27"),
        ("around Christmas 2022", "2022-12-20", "2022-12-30"),
        ("in recent weeks", "2023-12-06", "2024-01-10"),
        ("the other day", "2024-01-05", "2024-01-08"),
        ("this morning", "2024-01-10", "2024-01-10"),
    ],
)
def test_other_words_for_days(query: str, first: str, last: str) -> None:
    (days,) = named_days(query, now=NOW)

    assert (str(days.first), str(days.last), days.yearly) == (first, last, False)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("before Sunday", "1900-01-01", "2024-01-06"),
        ("until last Friday", "1900-01-01", "2024-01-05"),
        ("since the 5th", "2024-01-05", "2024-01-10"),
        ("after 20 December 2023", "2023-12-21", "2024-01-10"),
        ("before November", "1900-01-01", "2023-10-31"),
        ("since two weeks ago", "2023-12-27", "2024-01-10"),
        ("since early December", "2023-12-01", "2024-01-10"),
        ("between Friday and Monday", "2024-01-05", "2024-01-08"),
        ("from Thursday to Saturday", "2024-01-04", "2024-01-06"),
        ("Thursday through Saturday", "2024-01-04", "2024-01-06"),
        ("between 3 May 2023 and 7 June 2023", "2023-05-03", "2023-06-07"),
        ("between 3 May and 7 June 2023", "2023-05-03", "2023-06-07"),
        ("between the 2nd and the 6th", "2024-01-02", "2024-01-06"),
        ("between the 29th and the 6th", "2023-12-29", "2024-01-06"),
        ("from late November to mid-December 2023", "2023-11-21", "2023-12-20"),
        ("between 2021 and 2022", "2021-01-01", "2022-12-31"),
    ],
)
def test_limits_and_ranges_do_not_fade(query: str, first: str, last: str) -> None:
    days = Days(date.fromisoformat(first), date.fromisoformat(last), fades=False)

    assert named_days(query, now=NOW) == [days]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("between 3 and 7 November", "2023-11-03", "2023-11-07"),
        ("between the 3rd and the 7th of November", "2023-11-03", "2023-11-07"),
        ("Nov 3-7", "2023-11-03", "2023-11-07"),
        ("from November 28 to December 3", "2023-11-28", "2023-12-03"),
        ("between November and January", "2023-11-01", "2024-01-31"),
    ],
)
def test_ranges_without_a_year_are_of_any_year(query: str, first: str, last: str) -> None:
    days = Days(date.fromisoformat(first), date.fromisoformat(last), yearly=True, fades=False)

    assert named_days(query, now=NOW) == [days]


def test_the_likely_day_of_a_rounded_time_is_known() -> None:
    (weeks,) = named_days("two weeks ago", now=NOW)
    (months,) = named_days("three months ago", now=NOW)

    assert (weeks.likely, months.likely) == (date(2023, 12, 27), date(2023, 10, 10))


@pytest.mark.parametrize(
    "query",
    [
        "may I ask", "they march on", "a second opinion", "order 4711", "", "30 February",
        "how old is May?", "what did June say?", "who sat in the sun", "a minute please",
        "version 3.14", "version 3.11.2023", "it costs 14.50", "1/2 cup of sugar", "room 14",
        "flat 7", "on the 14th floor", "the 3rd attempt", "next Friday", "every Monday",
        "on Mondays", "order 2024", "in 2000 euros", "0170 2024 3333", "an hour",
        "the second quarter of the match", "a day in the life", "how many days are in a year?",
        "the last word", "the last day", "at the end of the story", "from 3pm to 5pm",
        "1900x2000 pixels", "ip 10.11.20.23", "the spring framework", "the fall of the wall",
        "a week", "half an hour", "merry christmas", "this may be right", "in 9.10", "on 12.04",
        "since 11.04 it works", "is it in 14.10?", "java 8 out", "5.0 seconds", "of the 8", "q2.04",
        "with 2.6.17",
        "the first and the second", "is it open on weekends?", "tomorrow", "next week",
    ],
)  # fmt: skip
def test_other_words_name_no_days(query: str) -> None:
    assert named_days(query, now=NOW) == []


def test_without_days_the_rest_of_the_text_remains() -> None:
    assert without_days("what did we order between Monday and Friday?").split() == [
        "what", "did", "we", "order", "?"
    ]  # fmt: skip
    assert without_days("und im März?").split() == ["und", "?"]
    assert without_days("may I ask") == "may I ask"


def test_summer_is_where_the_asker_is() -> None:
    now = NOW.astimezone(ZoneInfo("Australia/Sydney"))

    (days,) = named_days("last summer", now=now)

    assert (days.first, days.last) == (date(2022, 12, 1), date(2023, 2, 28))


def test_several_dates_are_all_found() -> None:
    assert len(named_days("on 3 May 2023 and 7 June 2023", now=NOW)) == 2


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

    assert fit(days, at, zone=UTC) == pytest.approx([0, 1, 0.6, 0.3, 0])
    assert fit(days, at[2:], zone=UTC) == pytest.approx([1, 0.5, 0])


def test_a_day_begins_at_midnight_where_the_asker_is() -> None:
    days = [Days(date(2024, 1, 1), date(2024, 1, 1))]
    new_year_in_auckland = _at("2023-12-31T11:30Z")

    assert fit(days, new_year_in_auckland, zone=ZoneInfo("Pacific/Auckland")).tolist() == [1]
    assert fit(days, new_year_in_auckland, zone=UTC).tolist() == [0]


def test_a_month_without_a_year_fits_in_every_year_but_best_in_the_latest() -> None:
    days = [Days(date(2023, 5, 1), date(2023, 5, 31), yearly=True)]

    fits = fit(days, _at("2021-05-10T00:00Z", "2022-07-10T00:00Z", "2023-05-31T23:00Z"), zone=UTC)

    assert fits.tolist() == [0.8, 0, 1]


def test_the_29th_of_february_has_a_place_in_every_year() -> None:
    days = [Days(date(2024, 2, 29), date(2024, 2, 29), yearly=True)]

    assert fit(days, _at("2023-03-01T12:00Z"), zone=UTC).tolist() == [0.8]


def test_what_was_said_after_the_days_fits_less_if_something_was_said_on_them() -> None:
    days = [Days(date(2024, 1, 1), date(2024, 1, 2))]

    fits = fit(days, _at("2024-01-01T12:00Z", "2024-01-03T00:00Z", "2024-01-06T12:00Z"), zone=UTC)

    assert fits == pytest.approx([1, 0.6, 0.3])


def test_nothing_fits_beyond_a_limit() -> None:
    days = [Days(date(2024, 1, 1), date(2024, 1, 2), fades=False)]

    assert fit(days, _at("2024-01-02T12:00Z", "2024-01-03T00:00Z"), zone=UTC).tolist() == [1, 0]


def test_the_likely_day_fits_best() -> None:
    days = [Days(date(2024, 1, 1), date(2024, 1, 7), likely=date(2024, 1, 3))]

    fits = fit(days, _at("2024-01-02T12:00Z", "2024-01-03T12:00Z"), zone=UTC)

    assert fits[0] == pytest.approx(0.68, abs=0.01)
    assert fits[1] == 1


def test_without_days_or_messages_nothing_fits() -> None:
    assert fit([], _at("2024-01-01T00:00Z"), zone=UTC).tolist() == [0]
    assert fit([Days(date(2024, 1, 1), date(2024, 1, 1))], np.zeros(0), zone=UTC).tolist() == []


@pytest.mark.parametrize(
    ("query", "first", "last", "hours"),
    [
        ("yesterday evening", "2024-01-09", "2024-01-09", (17, 24)),
        ("on Thursday morning", "2024-01-04", "2024-01-04", (4, 12)),
        ("in the afternoon of the 4th", "2024-01-04", "2024-01-04", (12, 18)),
        ("last night", "2024-01-09", "2024-01-10", (18, 6)),
        ("on Sunday night", "2024-01-07", "2024-01-08", (18, 6)),
        ("gestern Abend", "2024-01-09", "2024-01-09", (17, 24)),
        ("am Montagabend", "2024-01-08", "2024-01-08", (17, 24)),
        ("hier matin", "2024-01-09", "2024-01-09", (4, 12)),
        ("ayer por la noche", "2024-01-09", "2024-01-09", (19, 24)),
        ("вчера вечером", "2024-01-09", "2024-01-09", (17, 24)),
        ("昨天下午", "2024-01-09", "2024-01-09", (12, 18)),
        ("昨日の朝", "2024-01-09", "2024-01-09", (4, 12)),
    ],
)
def test_parts_of_a_day(query: str, first: str, last: str, hours: tuple[int, int]) -> None:
    days = Days(date.fromisoformat(first), date.fromisoformat(last), hours=hours)

    assert named_days(query, now=NOW) == [days]


def test_the_rest_of_the_day_fits_less_than_its_morning() -> None:
    days = [Days(date(2024, 1, 1), date(2024, 1, 1), hours=(4, 12))]
    at = _at("2024-01-01T03:00Z", "2024-01-01T11:00Z", "2024-01-01T15:00Z", "2024-01-03T00:00Z")

    fits = fit(days, at, zone=UTC)

    assert fits[1] == 1
    assert (fits[0], fits[2]) == (0.6, 0.6)
    assert fits[3] < 0.6


@pytest.mark.parametrize(
    ("day", "query", "first"),
    [
        ("2024-01-12", "over the weekend", "2024-01-06"),
        ("2024-01-13", "over the weekend", "2024-01-06"),
        ("2024-01-14", "at the weekend", "2024-01-06"),
        ("2024-01-14", "last weekend", "2024-01-06"),
        ("2024-01-14", "this weekend", "2024-01-13"),
        ("2024-01-12", "this weekend", "2024-01-06"),
    ],
)
def test_a_weekend_is_the_latest_that_is_over(day: str, query: str, first: str) -> None:
    now = datetime.fromisoformat(f"{day}T12:00Z")

    assert [str(days.first) for days in named_days(query, now=now)] == [first]


@pytest.mark.parametrize(
    "query",
    [
        "the third week of last Thursday",
        "the second half of the first week of the last week of Friday",
        "between Friday and Monday and 3 May and 2 May",
        "999 years before 999 years ago",
        "from 2025 to 2020",
        "the last week of the second week of July",
    ],
)
def test_no_days_end_before_they_begin(query: str) -> None:
    assert all(days.first <= days.last for days in named_days(query, now=NOW))
