"""How other languages name days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

from benchmarks.writing.meaning.days.span import (
    DAY,
    Phrase,
    Span,
    ago,
    around,
    latest_weekday,
    month,
    on,
    part_of_month,
    season,
    week,
    weekday_in,
    weekend,
)


@dataclass(frozen=True)
class Words:
    """Patterns: {n} a count of days in digits, {w} a weekday, {m} a month, {d} a day of it."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    numbers: tuple[str, ...]
    """Two to nine."""
    yesterday: str
    before_yesterday: str
    days_ago: str
    last_days: str
    weekend: str
    last_week: str
    weeks_ago: str
    last_month: str
    on_weekday: str
    last_weekday: str
    weekday_last_week: str
    date: str
    numeric: str
    early: str
    late: str
    since: str
    before: str
    between: str
    last_summer: str
    half_year: str


GERMAN = Words(
    tuple("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split()),
    tuple("Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()),
    tuple("zwei drei vier fünf sechs sieben acht neun".split()),
    "gestern", "vorgestern", "vor {n} Tagen", "in den letzten {n} Tagen", "am Wochenende",
    "letzte Woche", "vor {n} Wochen", "letzten Monat", "am {w}", "letzten {w}", "{w} letzter Woche",
    "am {d}. {m}", "am %d.%m.%Y", "Anfang {m}", "Ende {m}", "seit dem {d}. {m}", "vor dem {d}. {m}",
    "zwischen dem {d}. {m} und dem {e}. {k}", "letzten Sommer", "vor einem halben Jahr",
)  # fmt: skip
FRENCH = Words(
    tuple("lundi mardi mercredi jeudi vendredi samedi dimanche".split()),
    tuple("janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()),
    tuple("deux trois quatre cinq six sept huit neuf".split()),
    "hier", "avant-hier", "il y a {n} jours", "ces {n} derniers jours", "le week-end dernier",
    "la semaine dernière", "il y a {n} semaines", "le mois dernier", "{w}", "{w} dernier",
    "{w} de la semaine dernière", "le {d} {m}", "le %d/%m/%Y", "début {m}", "fin {m}",
    "depuis le {d} {m}", "avant le {d} {m}", "entre le {d} {m} et le {e} {k}", "l'été dernier",
    "il y a six mois",
)  # fmt: skip
SPANISH = Words(
    tuple("lunes martes miércoles jueves viernes sábado domingo".split()),
    tuple("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()),
    tuple("dos tres cuatro cinco seis siete ocho nueve".split()),
    "ayer", "anteayer", "hace {n} días", "en los últimos {n} días", "el fin de semana",
    "la semana pasada", "hace {n} semanas", "el mes pasado", "el {w}", "el {w} pasado",
    "el {w} de la semana pasada", "el {d} de {m}", "el %d/%m/%Y", "a principios de {m}",
    "a finales de {m}", "desde el {d} de {m}", "antes del {d} de {m}",
    "entre el {d} de {m} y el {e} de {k}", "el verano pasado", "hace medio año",
)  # fmt: skip
CHINESE = Words(
    tuple("一 二 三 四 五 六 日".split()),
    tuple(f"{n}月" for n in range(1, 13)),
    tuple("两 三 四 五 六 七 八 九".split()),
    "昨天", "前天", "{n}天前", "最近{n}天", "周末", "上周", "{n}周前", "上个月", "星期{w}", "上个星期{w}",
    "上周{w}", "{m}{d}日", "%Y年%m月%d日", "{m}初", "{m}底", "从{m}{d}日以来", "{m}{d}日之前",
    "{m}{d}日到{k}{e}日之间", "去年夏天", "半年前",
)  # fmt: skip
JAPANESE = Words(
    tuple(f"{w}曜日" for w in "月火水木金土日"),
    tuple(f"{n}月" for n in range(1, 13)),
    tuple("二 三 四 五 六 七 八 九".split()),
    "昨日", "一昨日", "{n}日前", "この{n}日間", "週末", "先週", "{n}週間前", "先月", "{w}に", "前の{w}",
    "先週の{w}", "{m}{d}日", "%Y年%m月%d日", "{m}初め", "{m}末", "{m}{d}日から", "{m}{d}日より前",
    "{m}{d}日から{k}{e}日の間", "去年の夏", "半年前",
)  # fmt: skip
RUSSIAN = Words(
    tuple("понедельник вторник среду четверг пятницу субботу воскресенье".split()),
    tuple("января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()),
    tuple("две три четыре пять шесть семь восемь девять".split()),
    "вчера", "позавчера", "{n} дней назад", "за последние {n} дней", "в выходные", "на прошлой неделе",
    "{n} недели назад", "в прошлом месяце", "в {w}", "в прошлый {w}", "в {w} на прошлой неделе",
    "{d} {m}", "%d.%m.%Y", "в начале {m}", "в конце {m}", "с {d} {m}", "до {d} {m}",
    "между {d} {m} и {e} {k}", "прошлым летом", "полгода назад",
)  # fmt: skip
LANGUAGES = {
    "german": GERMAN, "french": FRENCH, "spanish": SPANISH,
    "chinese": CHINESE, "japanese": JAPANESE, "russian": RUSSIAN,
}  # fmt: skip
Phrases = dict[str, list[Phrase]]


def recent(words: Words, today: date, random: Random, count: int) -> Phrases:
    some = [random.randint(5, 9) for _ in range(count)]
    weekdays = [random.randrange(7) for _ in range(count)]
    days = [ago(today, random.randint(2, 40)) for _ in range(count)]
    return {
        "yesterday": [Phrase(words.yesterday, on(ago(today, 1)))],
        "the day before yesterday": [Phrase(words.before_yesterday, on(ago(today, 2)))],
        "days ago": [Phrase(words.days_ago.format(n=n), on(ago(today, n))) for n in some],
        "days ago in words": [
            Phrase(words.days_ago.format(n=words.numbers[n - 2]), on(ago(today, n))) for n in some
        ],
        "in the last days": [
            Phrase(words.last_days.format(n=n), Span(ago(today, n), today)) for n in some
        ],
        "weekend": [Phrase(words.weekend, weekend(today))],
        "last week": [Phrase(words.last_week, week(today, 1))],
        "weeks ago": [
            Phrase(words.weeks_ago.format(n=words.numbers[n - 2]), around(ago(today, 7 * n), 3))
            for n in (2, 3, 4)
        ],
        "last month": [Phrase(words.last_month, month(today, 1))],
        "weekday": _weekday(words, words.on_weekday, weekdays, lambda w: latest_weekday(today, w)),
        "weekday last week": _weekday(
            words, words.weekday_last_week, weekdays, lambda w: weekday_in(week(today, 1), w)
        ),
        "date": [Phrase(_dated(words, words.date, day), on(day)) for day in days],
        "numeric date": [Phrase(day.strftime(words.numeric), on(day)) for day in days],
        **_ranges(words, today, random, count),
    }


def distant(words: Words, today: date) -> Phrases:
    return {
        "last summer": [Phrase(words.last_summer, _last_summer(words, today))],
        "half a year ago": [Phrase(words.half_year, around(ago(today, 183), 20))],
    }


def _last_summer(words: Words, today: date) -> Span:
    """去年 and 去年の夏 are always of the year before."""
    if words in (CHINESE, JAPANESE):
        return Span(date(today.year - 1, 6, 1), date(today.year - 1, 8, 31))
    return season(today, "summer")


def _ranges(words: Words, today: date, random: Random, count: int) -> Phrases:
    cuts = [ago(today, random.randint(38, 50)) for _ in range(count)]
    late = [ago(today, random.randint(3, 8)) for _ in range(count)]
    starts = [ago(today, random.randint(12, 40)) for _ in range(count)]
    start = ago(today, 61)
    return {
        "early in a month": [_part(words, words.early, today, "early")],
        "late in a month": [_part(words, words.late, today, "late")],
        "since": [Phrase(_dated(words, words.since, day), Span(day, today)) for day in late],
        "before": [
            Phrase(_dated(words, words.before, day), Span(start, day - DAY)) for day in cuts
        ],
        "between": [
            Phrase(_dated(words, words.between, day), Span(day, day + 4 * DAY)) for day in starts
        ],
    }


def _weekday(
    words: Words, pattern: str, weekdays: list[int], day: Callable[[int], date]
) -> list[Phrase]:
    return [Phrase(pattern.format(w=words.weekdays[w]), on(day(w))) for w in weekdays]


def _dated(words: Words, pattern: str, day: date) -> str:
    """{e} and {k} are the day and month of four days later."""
    end = day + 4 * DAY
    months = words.months
    return pattern.format(d=day.day, m=months[day.month - 1], e=end.day, k=months[end.month - 1])


def _part(words: Words, pattern: str, today: date, part: str) -> Phrase:
    span = part_of_month(today, 1, part)
    return Phrase(pattern.format(m=words.months[span.first.month - 1]), span)
