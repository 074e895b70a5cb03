"""The rules as they are written in a setting, and which one holds for a room."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from retrieval.changes.retention.rules import Cutoffs, RetentionRule, cutoffs
from retrieval.changes.retention.settings import RetentionSettings
from retrieval.settings_errors import describe

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


def settings(monkeypatch: pytest.MonkeyPatch, written: str) -> RetentionSettings:
    monkeypatch.setenv("BACKEND_RETENTION", written)
    return RetentionSettings()


def test_rules_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    written = '[{"rooms": "support-*", "messages_days": 90, "sessions_days": 365}, {"rooms": "*"}]'

    assert settings(monkeypatch, written).retention == (
        RetentionRule(rooms="support-*", messages_days=90, sessions_days=365),
        RetentionRule(rooms="*"),
    )
    assert settings(monkeypatch, "").retention == ()
    assert settings(monkeypatch, "[]").retention == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("support-*: 90", "is not JSON; write it as [{"),
        ('{"rooms": "*"}', "must be a list of rules such as [{"),
        ('["*"]', 'rule 1: must be an object such as {"rooms"'),
        ('[{"rooms": "*"}, {"messages_days": 3}]', "rule 2: rooms is missing"),
        ('[{"rooms": "*", "messages_days": 0}]', "rule 1: messages_days must be at least 1 day"),
        ('[{"rooms": "*", "events_days": 1e9}]', "events_days must be a whole number of days"),
        ('[{"rooms": "*", "events_days": 99999999}]', "leave it out to keep them for ever"),
        ('[{"rooms": "*", "messages_days": "90"}]', "messages_days must be a whole number of days"),
        ('[{"rooms": "", "messages_days": 9}]', "rooms must not be empty; * stands for all"),
        ('[{"rooms": 7}]', "rooms must be text such as support-*"),
        ('[{"rooms": "*", "turns_days": 14}]', "turns_days is not known; a rule has rooms, mess"),
        ('[{"rooms": "*", "traces_days": 0}]', "rule 1: traces_days must be at least 1 day"),
    ],
)
def test_a_rule_that_is_none_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, written: str, said: str
) -> None:
    with pytest.raises(ValidationError) as error:
        settings(monkeypatch, written)

    told = describe(error.value)
    assert told.startswith("BACKEND_RETENTION: ")
    assert said in told


@pytest.mark.parametrize(
    ("name", "days"),
    [("support-1", 9), ("Support-1", 50), ("", 50), ("vip", None), ("a\nb", 50), ("[x]", 50)],
)
def test_the_first_rule_that_fits_holds(name: str, days: int | None) -> None:
    rules = [
        RetentionRule(rooms="support-*", messages_days=9),
        RetentionRule(rooms="vip"),
        RetentionRule(rooms="*", messages_days=50),
    ]

    found = cutoffs(rules, name, NOW)

    assert found == Cutoffs(messages=None if days is None else NOW - timedelta(days=days))
    assert cutoffs([rules[0]], "other", NOW) == Cutoffs()


def test_each_kind_has_days_of_its_own() -> None:
    rule = RetentionRule(rooms="*", messages_days=4, events_days=3, sessions_days=2, traces_days=1)

    assert cutoffs([rule], "room", NOW) == Cutoffs(
        messages=NOW - timedelta(days=4),
        events=NOW - timedelta(days=3),
        sessions=NOW - timedelta(days=2),
        traces=NOW - timedelta(days=1),
    )
