"""WhatsApp: the text of "export chat" from an iPhone or Android, also in its zip archive."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import ClassVar

from longroom.errors import ConfigurationError
from longroom.transfer.formats.format import Record, Rejected
from longroom.transfer.source import Source

# Three numbers and a time: [14.11.26, 10:20:33] on iPhones, 14/11/2026, 10:20 - on Android.
_WHEN = r"""
    (?P<one>\d{1,4})(?P<mark>[./\-])\s?(?P<two>\d{1,2})[./\-]\s?(?P<three>\d{1,4})\.?[,،]?\s+
    (?P<before>上午|下午|午前|午後|오전|오후)?\s?
    (?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?
    (?:\s?(?P<half>[ap](?=\.?\s?m\b)|[صم])(?:\.?\s?m\.?)?)?
"""
_START = re.compile(
    rf"[\u200e\u200f\ufeff]*(?:\[{_WHEN}\]\s|{_WHEN.replace('?P<', '?P<a_')}\s[-–]\s)(?P<rest>.*)",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SAID = re.compile(r"(?P<name>[^:\n“”\"]{1,80}):(?:\s(?P<text>.*))?", re.DOTALL)
# WhatsApp's own words stand behind a left-to-right mark, or alone in angle brackets.
_OWN_WORDS = re.compile(r"^\u200e.*|\s*\u200e<.*")
_OMITTED = re.compile(r"<[^<>\n]{3,60}>|(?:This message was|You) deleted(?: this message)?\.?")
_MARKS = str.maketrans("", "", "\u200e\u200f\u202a\u202c\u2068\u2069")

_AFTERNOON = {"p", "م", "下午", "午後", "오후"}
_ASK = "say --day-first (14/11) or --month-first (11/14)"


@dataclass
class _Message:
    line: int
    when: dict[str, str]
    text: list[str] = field(default_factory=list)


class WhatsApp:
    name: ClassVar[str] = "whatsapp"
    has_local_times: ClassVar[bool] = True

    def __init__(self, *, day_first: bool | None = None) -> None:
        """None: as the dates of the file themselves tell."""
        self._day_first = day_first

    def recognises(self, source: Source) -> bool:
        lines = (line for line in source.head.splitlines() if line.strip())
        return _START.match(next(lines, "")) is not None

    def records(self, source: Source) -> Iterator[Record | Rejected]:
        """Raises ConfigurationError if the dates can be read both ways."""
        waiting: list[_Message] = []
        day_first = self._day_first
        for message in _messages(source.text_lines()):
            waiting.append(message)
            if day_first is None:
                day_first = _order(message.when)
            if day_first is not None:
                yield from _read_all(waiting, day_first=day_first)
                waiting.clear()
        if waiting:
            yield from _read_all(waiting, day_first=_order_of_all(waiting))


def _messages(lines: Iterator[str]) -> Iterator[_Message]:
    message: _Message | None = None
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if start := _START.match(text):
            if message is not None:
                yield message
            when = {
                name.removeprefix("a_"): value
                for name, value in start.groupdict().items()
                if value is not None
            }
            message = _Message(number, when, [when.pop("rest")])
        elif message is not None:
            message.text.append(text)
        elif text.strip():
            yield _Message(number, {}, [text])
    if message is not None:
        yield message


def _order(when: dict[str, str]) -> bool | None:
    """Whether the day stands before the month, if one date tells."""
    if not when:
        return None
    if len(when["one"]) == 4 or when["mark"] == ".":  # 2026-11-14 and 14.11.26 are never American
        return True
    if int(when["one"]) > 12:
        return True
    return False if int(when["two"]) > 12 else None


def _order_of_all(messages: list[_Message]) -> bool:
    """Of a chat whose days are all up to the 12th: the order in which time does not go back."""
    dated = [message.when for message in messages if message.when]
    fits = [day_first for day_first in (True, False) if _ascends(dated, day_first=day_first)]
    if len(fits) == 1:
        return fits[0]
    if all(int(when["one"]) == int(when["two"]) for when in dated):
        return True
    raise ConfigurationError(f"the dates of this chat can be read in two ways; {_ASK}")


def _ascends(dated: list[dict[str, str]], *, day_first: bool) -> bool:
    try:
        moments = [_moment(when, day_first=day_first).date() for when in dated]
    except ValueError:
        return False
    return moments == sorted(moments)


def _read_all(messages: list[_Message], *, day_first: bool) -> Iterator[Record | Rejected]:
    for message in messages:
        yield from _read(message, day_first=day_first)


def _read(message: _Message, *, day_first: bool) -> Iterator[Record | Rejected]:
    raw = "\n".join(message.text).encode(errors="surrogateescape")
    if not message.when:
        yield Rejected(message.line, raw, "no message begins here: it has no date")
        return
    said = _SAID.fullmatch(message.text[0])
    if said is None or said["name"].startswith("\u200e"):
        return  # someone joined, the group was renamed
    lines = [said["text"] or "", *message.text[1:]]
    content = "\n".join(_OWN_WORDS.sub("", line) for line in lines).translate(_MARKS).strip()
    if not content or _OMITTED.fullmatch(content):
        return  # a picture, a call, a deleted message
    try:
        moment = _moment(message.when, day_first=day_first)
    except ValueError:
        written = "/".join(message.when[part] for part in ("one", "two", "three"))
        yield Rejected(message.line, raw, f"created_at: {written} is no date; {_ASK}")
        return
    participant = said["name"].translate(_MARKS).strip().removeprefix("~").strip()
    yield Record(
        message.line,
        raw,
        {"participant": participant, "role": "user", "created_at": moment, "content": content},
    )


def _moment(when: dict[str, str], *, day_first: bool) -> datetime:
    one, two, three = (int(when[part]) for part in ("one", "two", "three"))
    hour = int(when["hour"])
    if half := when.get("half") or when.get("before"):
        hour = hour % 12 + (12 if half.lower() in _AFTERNOON else 0)
    clock = time(hour, int(when["minute"]), int(when.get("second", 0)))
    if len(when["one"]) == 4:
        return datetime.combine(date(one, two, three), clock)
    year = three if three > 99 else 2000 + three
    day, month = (one, two) if day_first else (two, one)
    return datetime.combine(date(year, month, day), clock)
