"""How English names days."""

from collections.abc import Iterator
from datetime import date
from random import Random

from benchmarks.writing.meaning.days.span import (
    DAY,
    Phrase,
    Span,
    ago,
    around,
    latest_day_of_month,
    latest_weekday,
    month,
    on,
    part_of_month,
    quarter,
    season,
    week,
    weekday_in,
    weekend,
)

WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty twenty-one"
).split()
ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
DISTANCE = 40
"""Days back of the dates that are asked for."""
DISTANCE_OF_CHAT = 61

Phrases = dict[str, list[Phrase]]


def recent(today: date, random: Random, count: int) -> Phrases:
    """Names for days of the last weeks."""
    names: Phrases = {
        "yesterday": [Phrase("yesterday", on(ago(today, 1)))],
        "the day before yesterday": [Phrase("the day before yesterday", on(ago(today, 2)))],
        "weekend": [Phrase(text, weekend(today)) for text in ("over the weekend", "at the weekend", "last weekend", "on the weekend", "during the weekend")],
        "last week": [Phrase(text, week(today, 1)) for text in ("last week", "in the last week", "the week before this one", "the previous week")],
        "the week before last": [Phrase(text, week(today, 2)) for text in ("the week before last", "in the week before last")],
        "fortnight": [Phrase("a fortnight ago", around(ago(today, 14), 1))],
        "a couple of weeks ago": [Phrase(text, around(ago(today, 14), 4)) for text in ("a couple of weeks ago", "about two weeks ago", "some two weeks ago")],
        "a few days ago": [Phrase(text, Span(ago(today, 6), ago(today, 2))) for text in ("a few days ago", "some days ago", "a couple of days ago")],
        "a week ago": [Phrase(text, around(ago(today, 7), 1)) for text in ("a week ago", "one week ago", "a week ago today")],
        "this Friday": [Phrase(f"this {WEEKDAYS[w]}", on(d)) for w, d in _this_week(today)],
        "last month": [Phrase(text, month(today, 1)) for text in ("last month", "in the previous month")],
    }  # fmt: skip
    names |= _counted(today, random, count) | _weekdays(today, random, count)
    return names | _dates(today, random, count) | _ranges(today, random, count)


def _this_week(today: date) -> list[tuple[int, date]]:
    """Days of this week so far; today on a Monday."""
    monday = week(today, 0).first
    days = [monday + n * DAY for n in range(max(1, today.weekday()))]
    return [(day.weekday(), day) for day in days]


def _counted(today: date, random: Random, count: int) -> Phrases:
    days = [random.randint(3, 21) for _ in range(count)]
    few = [random.randint(2, 9) for _ in range(count)]
    return {
        "days ago in words": [Phrase(f"{NUMBERS[n]} days ago", on(ago(today, n))) for n in days],
        "days ago in digits": [Phrase(f"{n} days ago", on(ago(today, n))) for n in days],
        "days before today": [Phrase(f"{NUMBERS[n]} days before today", on(ago(today, n))) for n in days],
        "in the last days": [Phrase(f"in the last {n} days", Span(ago(today, n), today)) for n in few],
        "in the past days in words": [Phrase(f"in the past {NUMBERS[n]} days", Span(ago(today, n), today)) for n in few],
        "within days": [Phrase(f"within the last {NUMBERS[n]} days", Span(ago(today, n), today)) for n in few],
        "weeks ago in words": [Phrase(f"{NUMBERS[n]} weeks ago", around(ago(today, 7 * n), 3)) for n in (2, 3, 4, 5)],
        "in the last weeks": [Phrase(f"in the last {text} weeks", Span(ago(today, 7 * n), today)) for n, text in ((2, "two"), (3, "3"))],
    }  # fmt: skip


def _weekdays(today: date, random: Random, count: int) -> Phrases:
    chosen = [random.randrange(7) for _ in range(count)]
    return {
        "on a weekday": [Phrase(f"on {WEEKDAYS[w]}", on(latest_weekday(today, w))) for w in chosen],
        "short weekday": [Phrase(f"on {WEEKDAYS[w][:3]}", on(latest_weekday(today, w))) for w in chosen],
        "weekday last week": [Phrase(f"{on_or_not}{WEEKDAYS[w]} last week", on(weekday_in(week(today, 1), w))) for n, w in enumerate(chosen) for on_or_not in ("on " if n % 2 else "",)],
        "last week weekday": [Phrase(f"last week {WEEKDAYS[w]}", on(weekday_in(week(today, 1), w))) for w in chosen],
        "weekday two weeks ago": [Phrase(f"on {WEEKDAYS[w]} two weeks ago", on(weekday_in(week(today, 2), w))) for w in chosen],
        "weekday of the week before last": [Phrase(f"on the {WEEKDAYS[w]} of the week before last", on(weekday_in(week(today, 2), w))) for w in chosen],
        "since a weekday": [Phrase(f"since {WEEKDAYS[w]}", Span(latest_weekday(today, w), today)) for w in chosen],
    }  # fmt: skip


def _dates(today: date, random: Random, count: int) -> Phrases:
    days = [ago(today, random.randint(2, DISTANCE)) for _ in range(count)]
    late = [day for day in days if day.day > 12] or [latest_day_of_month(today, 14)]
    ordinal = [latest_day_of_month(today, random.randint(1, 28)) for _ in range(count)]
    return {
        "on the 14th": [Phrase(f"on the {_ordinal(d)}", on(d)) for d in ordinal],
        "14.11.2026": [Phrase(f"on {d:%d.%m.%Y}", on(d)) for d in days],
        "14.11.": [Phrase(f"on {d:%d.%m.}", on(d)) for d in days],
        "11/14/2026": [Phrase(f"on {d:%m/%d/%Y}", on(d)) for d in late],
        "14/11/2026": [Phrase(f"on {d:%d/%m/%Y}", on(d)) for d in late],
        "11/14": [Phrase(f"on {d:%m/%d}", on(d)) for d in late],
        "14 Nov": [Phrase(f"on {d.day} {d:%b}", on(d)) for d in days],
        "Nov 14th": [Phrase(f"on {d:%b} {_ordinal(d)}", on(d)) for d in days],
        "November the 14th": [Phrase(f"on {d:%B} the {_ordinal(d)}", on(d)) for d in days],
        "the 14th of November 2026": [Phrase(f"on the {_ordinal(d)} of {d:%B} {d.year}", on(d)) for d in days],
        "Saturday the 14th": [Phrase(f"on {d:%A} the {_ordinal(d)}", on(d)) for d in ordinal],
        "Sat, 14 November": [Phrase(f"on {d:%a}, {d.day} {d:%B}", on(d)) for d in days],
        "calendar week": [Phrase(f"in calendar week {d.isocalendar().week}", _week_of(d)) for d in days],
        "week of": [Phrase(f"in the week of {d:%B} {d.day}", _week_of(d)) for d in days],
    }  # fmt: skip


def _ranges(today: date, random: Random, count: int) -> Phrases:
    start = ago(today, DISTANCE_OF_CHAT)
    cut = [ago(today, random.randint(34, 40)) for _ in range(count)]
    late = [ago(today, random.randint(3, 8)) for _ in range(count)]
    pairs = [
        (d := ago(today, random.randint(12, 38)), d + random.randint(2, 5) * DAY)
        for _ in range(count)
    ]
    parts = {
        f"{part} month": [Phrase(text.format(month(today, back).first), part_of_month(today, back, part)) for back in (1,) for text in texts]
        for part, texts in {
            "early": ("in early {:%B}", "at the beginning of {:%B}", "at the start of {:%B}"),
            "mid": ("in mid {:%B}", "in the middle of {:%B}", "mid-{:%B}"),
            "late": ("in late {:%B}", "at the end of {:%B}", "towards the end of {:%B}"),
        }.items()
    }  # fmt: skip
    return parts | {
        "before": [Phrase(f"before {d:%B} {d.day}", Span(start, d - DAY)) for d in cut],
        "until": [Phrase(f"until {d:%B} {d.day}", Span(start, d)) for d in cut],
        "since": [Phrase(f"since {d:%B} {d.day}", Span(d, today)) for d in late],
        "after": [Phrase(f"after {d:%B} {d.day}", Span(d + DAY, today)) for d in late],
        "between": [Phrase(f"between {a:%B} {a.day} and {b:%B} {b.day}", Span(a, b)) for a, b in pairs],
        "from to": [Phrase(f"from {a.day} {a:%B} to {b.day} {b:%B}", Span(a, b)) for a, b in pairs],
        "between short dates": [Phrase(f"between {a:%d.%m.} and {b:%d.%m.}", Span(a, b)) for a, b in pairs],
    }  # fmt: skip


def distant(today: date, random: Random, count: int) -> Phrases:
    """Names for days of the last two years."""
    lately = [Phrase(f"in Q{n}", quarter(today, n)) for n in (1, 2, 3, 4)]
    named = [
        Phrase(f"in the {text} quarter", quarter(today, n))
        for n, text in enumerate(("first", "second", "third", "last"), 1)
    ]
    months = [month(today, back) for back in (2, 3, 4, 5)]
    return {
        "half a year ago": [Phrase(text, around(ago(today, 183), 20)) for text in ("half a year ago", "six months ago", "about half a year ago")],
        "seasons": [Phrase(f"last {name}", season(today, name)) for name in ("summer", "spring")],
        "in a season": [Phrase(f"in the {name}", season(today, name)) for name in ("summer", "spring")],
        "quarters": lately,
        "quarters in words": named,
        "months ago": [Phrase(f"{NUMBERS[n]} months ago", around(ago(today, round(30.4 * n)), 18)) for n in (2, 3, 4, 5, 7, 9)],
        "last year": [Phrase(text, Span(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))) for text in ("last year", f"in {today.year - 1}", "the year before this one")],
        "a year ago": [Phrase(text, around(ago(today, 365), 20)) for text in ("a year ago", "one year ago", "twelve months ago")],
        "a month of the year": [Phrase(f"in {span.first:%B} {span.first.year}", span) for span in months],
        "a short month": [Phrase(f"in {span.first:%b}", span) for span in months],
        "christmas": [Phrase(text, Span(date(today.year - 1, 12, 20), date(today.year - 1, 12, 31))) for text in ("around Christmas", "over Christmas")],
        "first half": [Phrase("in the first half of last year", Span(date(today.year - 1, 1, 1), date(today.year - 1, 6, 30)))],
    }  # fmt: skip


def _ordinal(day: date) -> str:
    return f"{day.day}{ORDINALS.get(day.day, 'th')}"


def _week_of(day: date) -> Span:
    monday = day - day.weekday() * DAY
    return Span(monday, monday + 6 * DAY)


def times_of_day(today: date, random: Random, count: int) -> Iterator[tuple[str, date, str]]:
    """Phrase, day and part of the day: morning, afternoon or evening."""
    for part in ("morning", "afternoon", "evening"):
        yield f"yesterday {part}", ago(today, 1), part
    yield "last night", ago(today, 1), "evening"
    for _ in range(count):
        weekday, part = random.randrange(7), random.choice(("morning", "afternoon", "evening"))
        yield f"on {WEEKDAYS[weekday]} {part}", latest_weekday(today, weekday), part
