"""Chats with one message a day (or one in five days) that differ only in a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from benchmarks.writing.meaning.days.span import DAY, Phrase, Span
from benchmarks.writing.names.latin import name
from benchmarks.writing.trial import Chat, Draw, Row, Said, SubKind

DAILY = (62, 1)
SPARSE = (150, 5)
"""Messages, and days between them."""


@dataclass(frozen=True)
class Journal:
    """`{when}` in the questions stands for the days."""

    said: str
    asked: tuple[str, ...]
    language: str | None = None


ENGLISH = (
    Journal("We had lunch at {x} and it was fine.", ("Where did we have lunch {when}?", "What was the name of the place where we ate {when}?", "Which restaurant did we go to {when}?")),
    Journal("Picked up the keys from {x} at the gate.", ("Who gave us the keys {when}?", "From whom did we get the keys {when}?", "Whose keys were picked up {when}?")),
    Journal("Support call with {x} about the printer.", ("Who called about the printer {when}?", "With whom was the support call {when}?", "Which customer had printer trouble {when}?")),
    Journal("Delivered the bread to {x} before six.", ("Where did we deliver bread {when}?", "Who got the bread {when}?", "To whom did the bread go {when}?")),
)  # fmt: skip
OTHERS = {
    "german": (
        Journal("Heute waren wir bei {x} zum Mittagessen.", ("Wo waren wir {when} zum Mittagessen?", "Bei wem haben wir {when} gegessen?"), "de"),
        Journal("Der Monteur von {x} war wegen der Heizung da.", ("Wer war {when} wegen der Heizung da?", "Von welcher Firma war der Monteur {when}?"), "de"),
    ),
    "french": (
        Journal("Nous avons déjeuné chez {x} à midi.", ("Où avons-nous déjeuné {when} ?", "Chez qui avons-nous mangé {when} ?"), "fr"),
        Journal("Le technicien de {x} est venu pour le chauffage.", ("Qui est venu pour le chauffage {when} ?", "De quelle entreprise était le technicien {when} ?"), "fr"),
    ),
    "spanish": (
        Journal("Comimos en {x} al mediodía.", ("¿Dónde comimos {when}?", "¿En qué restaurante estuvimos {when}?"), "es"),
        Journal("El técnico de {x} vino por la calefacción.", ("¿Quién vino por la calefacción {when}?", "¿De qué empresa era el técnico {when}?"), "es"),
    ),
    "chinese": (
        Journal("中午我们在{x}吃了饭。", ("{when}我们在哪里吃饭？", "{when}中午去了哪家餐厅？"), "zh"),
        Journal("{x}的师傅来修了暖气。", ("{when}谁来修暖气？", "{when}来的是哪家公司的师傅？"), "zh"),
    ),
    "japanese": (
        Journal("お昼は{x}で食べました。", ("{when}お昼はどこで食べましたか？", "{when}はどの店に行きましたか？"), "ja"),
        Journal("{x}の人が暖房の修理に来ました。", ("{when}暖房の修理に来たのは誰ですか？", "{when}はどの会社が来ましたか？"), "ja"),
    ),
    "russian": (
        Journal("Сегодня обедали в {x}.", ("Где мы обедали {when}?", "В каком кафе мы были {when}?"), "ru"),
        Journal("Мастер из {x} приходил чинить отопление.", ("Кто приходил чинить отопление {when}?", "Из какой фирмы был мастер {when}?"), "ru"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Diary:
    """A journal's chat, with the day of each message."""

    journal: Journal
    chat: Chat
    days: tuple[date, ...]

    def within(self, span: Span) -> frozenset[int]:
        found = (place for place, day in enumerate(self.days) if span.first <= day <= span.last)
        return frozenset(found)


def diaries(draw: Draw, journals: Sequence[Journal], span: tuple[int, int]) -> list[Diary]:
    """At noon of each day until today; before noon, at this time of each day."""
    return [_diary(draw, journal, *span) for journal in journals]


def _diary(draw: Draw, journal: Journal, count: int, step: int) -> Diary:
    ages = [back * step for back in range(count - 1, -1, -1)]
    said = tuple(
        Said(journal.said.replace("{x}", person), age + _since_noon(draw.now))
        for person, age in zip(_people(draw, journal, count), ages, strict=True)
    )
    days = tuple(draw.today - age * DAY for age in ages)
    return Diary(journal, Chat(said, journal.language), days)


def _people(draw: Draw, journal: Journal, count: int) -> list[str]:
    random = draw.random("journal", journal.said)
    found: dict[str, None] = {}
    while len(found) < count:
        found[name(random, 2)] = None
    return list(found)


def _since_noon(now: datetime) -> float:
    """Days between today's message and now: it must not lie ahead."""
    noon = datetime.combine(now.date(), time(12), UTC)
    return max((now - noon) / DAY, 0.0)


def asked(sub_kind: str, draw: Draw, kept: Sequence[Diary], phrases: Sequence[Phrase]) -> SubKind:
    """Phrases take turns with diaries and questions; the control names a day by its ISO date."""
    random = draw.random("days", sub_kind)
    rows, controls = [], []
    for place in range(draw.rows):
        phrase = phrases[place % len(phrases)]
        diary = kept[place % len(kept)]
        questions = diary.journal.asked
        question = questions[place // len(kept) % len(questions)]
        right = diary.within(phrase.span)
        if not right:
            raise ValueError(f"nothing was said {phrase.text} ({phrase.span})")
        rows.append(Row(diary.chat, question.replace("{when}", phrase.text), right))
        day = diary.days[random.choice(sorted(right))]
        plain = question.replace("{when}", f" {day.isoformat()} ")
        controls.append(Row(diary.chat, plain, right))
    return SubKind(sub_kind, tuple(rows), tuple(controls))
