"""How long what is kept, by the name of a conversation's room or its key."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import NoDecode

Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]

EXAMPLE = '[{"rooms": "support-*", "messages_days": 90, "events_days": 30}]'
_REMEDIES = {
    "missing": "is missing",
    "extra_forbidden": "is not known; a rule has rooms, messages_days, events_days, sessions_days,"
    " traces_days",
    "greater_than_equal": "must be at least 1 day",
    "less_than_equal": "must be at most 36,500 days; leave it out to keep them for ever",
    "int_type": "must be a whole number of days",
    "string_type": "must be text such as support-*",
    "string_too_short": "must not be empty; * stands for all",
    "model_type": "must be an object such as " + EXAMPLE[1:-1],
}


class RetentionRule(BaseModel):
    """`rooms` is a pattern as of file names. What a rule leaves out is kept for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rooms: Annotated[str, Field(min_length=1)]
    messages_days: Days | None = None
    events_days: Days | None = None
    sessions_days: Days | None = None
    traces_days: Days | None = None


def read_rules(written: object) -> object:
    """Raises ValueError, which names the rule, its field and the remedy."""
    if not isinstance(written, str):
        return written
    try:
        rules = json.loads(written)
    except ValueError:
        raise ValueError(f"is not JSON; write it as {EXAMPLE}") from None
    if not isinstance(rules, list):
        raise ValueError(f"must be a list of rules such as {EXAMPLE}")
    return tuple(_rule(number, rule) for number, rule in enumerate(rules, start=1))


Rules = Annotated[tuple[RetentionRule, ...], NoDecode, BeforeValidator(read_rules)]


def _rule(number: int, rule: object) -> RetentionRule:
    try:
        return RetentionRule.model_validate(rule)
    except ValidationError as error:
        reasons = "; ".join(map(_reason, error.errors(include_input=False)))
        raise ValueError(f"rule {number}: {reasons}") from None


def _reason(error: ErrorDetails) -> str:
    field = ".".join(map(str, error["loc"]))
    reason = _REMEDIES.get(error["type"], error["msg"])
    return f"{field} {reason}" if field else reason


@dataclass(frozen=True)
class Cutoffs:
    """What is older goes; None: nothing does."""

    messages: datetime | None = None
    events: datetime | None = None
    sessions: datetime | None = None
    traces: datetime | None = None

    @property
    def any(self) -> bool:
        return any((self.messages, self.events, self.sessions, self.traces))


def cutoffs(rules: Sequence[RetentionRule], name: str, now: datetime) -> Cutoffs:
    """By the first rule whose pattern fits the room's name or the key; letter by letter."""
    rule = next((rule for rule in rules if fnmatchcase(name, rule.rooms)), None)
    if rule is None:
        return Cutoffs()
    return Cutoffs(
        messages=_before(now, rule.messages_days),
        events=_before(now, rule.events_days),
        sessions=_before(now, rule.sessions_days),
        traces=_before(now, rule.traces_days),
    )


def _before(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)
