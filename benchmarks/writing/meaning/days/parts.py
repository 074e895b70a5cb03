"""Mornings, afternoons and evenings; days are those of the asker, in UTC."""

from datetime import UTC, date, datetime, time

from benchmarks.writing.meaning.days.english import times_of_day
from benchmarks.writing.meaning.days.span import DAY
from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Chat, Draw, Row, Said, SubKind

HOURS = {"morning": 8, "afternoon": 15, "evening": 20}
SAID = "{x} rang the bell and left a note."
ASKED = ("Who rang the bell {when}?", "Who left a note {when}?")
DAYS = 14


def parts_of_days(draw: Draw) -> list[SubKind]:
    """The control names the day only, and any message of the day is right."""
    chat, slots = _chat(draw)
    rows: dict[str, list[Row]] = {"yesterday": [], "weekday": []}
    controls: dict[str, list[Row]] = {"yesterday": [], "weekday": []}
    random = draw.random("parts of days")
    fixed = list(times_of_day(draw.today, random, 0))
    chosen = fixed * (draw.rows // len(fixed) + 1)
    free = list(times_of_day(draw.today, random, draw.rows))[len(fixed) :]
    for kind, phrases in (("yesterday", chosen[: draw.rows]), ("weekday", free)):
        for place, (text, day, part) in enumerate(phrases):
            asked = ASKED[place % len(ASKED)]
            right = frozenset(n for n, slot in enumerate(slots) if slot == (day, part))
            whole = frozenset(n for n, (of, _) in enumerate(slots) if of == day)
            rows[kind].append(Row(chat, asked.replace("{when}", text), right))
            plain = asked.replace("{when}", f"on {day.isoformat()}")
            controls[kind].append(Row(chat, plain, whole))
    return [
        SubKind(f"english: parts of a day, {kind}", tuple(rows[kind]), tuple(controls[kind]))
        for kind in rows
    ]


def _chat(draw: Draw) -> tuple[Chat, list[tuple[date, str]]]:
    people = iter(names(draw.random("bell"), DAYS * len(HOURS)))
    said, slots = [], []
    for back in range(DAYS, 0, -1):
        day = draw.today - back * DAY
        for part, hour in HOURS.items():
            at = datetime.combine(day, time(hour), UTC)
            said.append(Said(SAID.replace("{x}", next(people)), (draw.now - at) / DAY))
            slots.append((day, part))
    return Chat(tuple(said)), slots
