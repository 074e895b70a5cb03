"""Days of people far from Greenwich, who write late in the evening and early in the morning."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from benchmarks.writing.meaning.days.english import recent
from benchmarks.writing.meaning.days.journals import ENGLISH, Diary, asked
from benchmarks.writing.meaning.days.span import DAY
from benchmarks.writing.names.latin import names
from benchmarks.writing.trial import Chat, Draw, Said, SubKind

ZONES = {
    "Pacific/Auckland": time(7, 30),  # the day before in UTC
    "America/Los_Angeles": time(22, 30),  # the day after in UTC
}
PHRASES = ("yesterday", "the day before yesterday", "days ago in words", "on a weekday", "weekend")
DAYS = 40


def time_zones(draw: Draw) -> Iterator[SubKind]:
    for name, at in ZONES.items():
        zone = ZoneInfo(name)
        local = draw.now.astimezone(zone)
        diary = _diary(replace(draw, now=local), at)
        phrases = recent(local.date(), draw.random("zones", name), draw.rows)
        for phrase in PHRASES:
            sub_kind = asked(f"english: {phrase} in {name}", draw, [diary], phrases[phrase])
            yield SubKind(
                sub_kind.name,
                tuple(replace(row, time_zone=name) for row in sub_kind.rows),
                tuple(replace(row, time_zone=name) for row in sub_kind.controls),
            )


def _diary(draw: Draw, at: time) -> Diary:
    """Without today: `at` may be still to come."""
    journal = ENGLISH[0]
    days = tuple(draw.today - back * DAY for back in range(DAYS, 0, -1))
    people = names(draw.random("zones"), DAYS)
    said = tuple(
        Said(
            journal.said.replace("{x}", person),
            (draw.now - datetime.combine(day, at, draw.now.tzinfo)) / DAY,
        )
        for person, day in zip(people, days, strict=True)
    )
    return Diary(journal, Chat(said), days)
