"""Slack: a workspace export, as a folder or its zip archive: CHANNEL/DAY.json and users.json."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from itertools import chain, groupby
from pathlib import Path
from typing import Any, ClassVar

from longroom.errors import ConfigurationError
from longroom.transfer.formats.format import Record, Rejected
from longroom.transfer.source import Source

_DAY_FILE = re.compile(r"(?:(?:.*/)?(?P<channel>[^/]+)/)?(?P<day>\d{4}-\d{2}-\d{2})\.json")
_MARKUP = re.compile(r"<(?P<kind>[@#!]?)(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_SAID = {
    None,
    "bot_message",
    "me_message",
    "file_share",
    "thread_broadcast",
}
"""Subtypes of messages that someone wrote; others tell who joined, or which topic was set."""


class Slack:
    name: ClassVar[str] = "slack"
    has_local_times: ClassVar[bool] = False

    def recognises(self, source: Source) -> bool:
        return any(map(_DAY_FILE.fullmatch, source.names))

    def records(self, source: Source) -> Iterator[Record | Rejected]:
        """In the order of time, all channels together; one day is in memory at a time. Raises
        ConfigurationError if the folder has no day files.
        """
        users = _Users.read(source)
        days = sorted(
            (found["day"], found["channel"] or Path(source.name).stem, found.string)
            for found in map(_DAY_FILE.fullmatch, source.names)
            if found is not None
        )
        if not days:
            raise ConfigurationError(
                f"{source.name} has no CHANNEL/YYYY-MM-DD.json of a Slack export"
            )
        line = 0
        for _, files in groupby(days, key=lambda one: one[0]):
            day = [_day(source, name, channel, users) for _, channel, name in files]
            for each in sorted(chain.from_iterable(day), key=lambda one: one.time):
                line += 1
                yield each.as_record(line)


@dataclass(frozen=True)
class _Found:
    """A message of a day file, or why it is none; `time` only orders."""

    time: float
    place: str
    raw: bytes
    fields: Mapping[str, object]
    reason: str | None = None

    def as_record(self, line: int) -> Record | Rejected:
        if self.reason is not None:
            return Rejected(line, self.raw, self.reason, self.place)
        return Record(line, self.raw, self.fields, self.place)


def _day(source: Source, name: str, channel: str, users: "_Users") -> Iterator[_Found]:
    content = source.read(name)
    try:
        messages = json.loads(content)
    except ValueError as error:
        yield _Found(0.0, name, content[:1000], {}, f"not JSON: {error}")
        return
    if not isinstance(messages, list):
        yield _Found(0.0, name, content[:1000], {}, "not a list of messages")
        return
    for number, message in enumerate(messages, start=1):
        place = f"{name}, message {number}"
        raw = json.dumps(message, ensure_ascii=False).encode(errors="replace")
        if not isinstance(message, dict):
            yield _Found(0.0, place, raw, {}, "not a JSON object")
        elif message.get("type", "message") == "message" and message.get("subtype") in _SAID:
            fields = _fields(message, channel, users)
            if fields["content"]:  # without: a picture
                yield _Found(_seconds(message.get("ts")), place, raw, fields)


def _fields(message: Mapping[str, Any], channel: str, users: "_Users") -> dict[str, object]:
    ts, thread = str(message.get("ts", "")), message.get("thread_ts")
    edited = message.get("edited")
    version = f"-{edited.get('ts')}" if isinstance(edited, dict) else ""
    fields: dict[str, object] = {
        "id": f"slack-{channel}-{ts}{version}",
        "participant": users.author(message),
        "role": "user",
        "created_at": ts,
        "content": users.plain(_text(message)).strip(),
        "metadata": {"channel": channel},
    }
    # A thread's first message has one only once it is answered: it would differ between exports.
    if thread and str(thread) != ts:
        fields["metadata"] = {"channel": channel, "thread": str(thread)}
        fields["reply_to"] = f"slack-{channel}-{thread}"
    return fields


def _text(message: Mapping[str, Any]) -> str:
    if text := str(message.get("text") or ""):
        return text
    attached = message.get("attachments")
    return "\n".join(
        str(each.get("text") or each.get("fallback") or "")
        for each in (attached if isinstance(attached, list) else [])
        if isinstance(each, dict)
    )


@dataclass(frozen=True)
class _Users:
    names: Mapping[str, str]
    """By id."""

    @classmethod
    def read(cls, source: Source) -> "_Users":
        """Ids stand for people whose name is not known."""
        place = _named(source, "users.json")
        try:
            users = json.loads(source.read(place)) if place else []
        except ValueError as error:
            raise ConfigurationError(f"{place} is not JSON: {error}") from error
        found = [user for user in users if isinstance(user, dict) and "id" in user]
        return cls({str(user["id"]): _name(user) for user in found})

    def author(self, message: Mapping[str, Any]) -> str:
        """Of bots the name they write under."""
        user, bot = message.get("user"), message.get("bot_profile")
        if user in self.names:
            return self.names[str(user)]
        given = bot.get("name") if isinstance(bot, dict) else None
        profile = message.get("user_profile")
        told = profile.get("real_name") if isinstance(profile, dict) else None
        return str(message.get("username") or given or told or user or message.get("bot_id") or "")

    def plain(self, text: str) -> str:
        """Without Slack's markup: @Name, #channel, and links as their label and address."""
        return unescape(_MARKUP.sub(self._unmarked, text))

    def _unmarked(self, found: re.Match[str]) -> str:
        kind, target, label = found["kind"], found["target"], found["label"]
        if kind == "@":
            return "@" + (self.names.get(target) or label or target)
        if kind == "#":
            return "#" + (label or target)
        if kind == "!":
            return label or "@" + target.partition("^")[0]
        return f"{label} ({target})" if label and label not in target else target


def _name(user: Mapping[str, Any]) -> str:
    profile = user.get("profile")
    told = profile if isinstance(profile, dict) else {}
    names = (
        told.get("display_name"),
        user.get("real_name"),
        told.get("real_name"),
        user.get("name"),
        user["id"],
    )
    return next(str(name).strip() for name in names if name and str(name).strip())


def _named(source: Source, name: str) -> str | None:
    return next((path for path in source.names if path.rpartition("/")[2] == name), None)


def _seconds(ts: object) -> float:
    try:
        return float(str(ts))
    except ValueError:
        return 0.0
