import json
from dataclasses import dataclass, field
from typing import cast

import pytest
from livekit import rtc

from agent.room.participants import (
    MAX_CONTEXT_CHARS,
    Participants,
    Person,
    introduction,
    read_person,
    room_language,
)


def test_metadata_and_attributes_are_read_and_attributes_win() -> None:
    person = read_person(
        identity="alice",
        name="Alice",
        metadata=json.dumps({"language": "en", "plan": "gold", "time_zone": "Europe/Berlin"}),
        attributes={"language": "de-AT", "lk.agent.state": "idle"},
    )
    assert (person.name, person.language, person.time_zone) == ("Alice", "de-AT", "Europe/Berlin")
    assert person.context == {"plan": "gold"}


@pytest.mark.parametrize("metadata", [None, object(), "", "not json", "[]", "{", "7"])
@pytest.mark.parametrize("attributes", [None, object(), {}])
def test_malformed_metadata_is_no_metadata(metadata: object, attributes: object) -> None:
    person = read_person(identity="bob", name="", metadata=metadata, attributes=attributes)
    assert (person.name, person.language, person.context) == ("bob", None, {})


@pytest.mark.parametrize("language", ["x" * 50, "en; drop table", {"a": 1}, 5, None])
def test_a_language_that_is_none_is_left_out(language: object) -> None:
    metadata = json.dumps({"language": language})
    assert read_person(identity="a", name="a", metadata=metadata, attributes={}).language is None


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "x" * 500, "", 5])
def test_a_time_zone_that_is_none_is_left_out(zone: object) -> None:
    metadata = json.dumps({"time_zone": zone})
    assert read_person(identity="a", name="a", metadata=metadata, attributes={}).time_zone is None


def test_enormous_context_is_cut_off() -> None:
    metadata = json.dumps({f"key{number}": "x" * 100 for number in range(1000)})
    person = read_person(identity="a", name="n" * 9_000, metadata=metadata, attributes={})
    assert sum(len(k) + len(v) for k, v in person.context.items()) <= MAX_CONTEXT_CHARS
    assert len(person.name) <= 100


def test_one_value_too_long_hides_none_of_the_others() -> None:
    metadata = json.dumps({"plan": "gold", "notes": "x" * 5_000, "company": "Acme", "seat": 4})
    person = read_person(identity="a", name="a", metadata=metadata, attributes={"desk": "B"})
    assert person.context == {"plan": "gold", "company": "Acme", "seat": "4", "desk": "B"}


def test_what_telephony_says_of_a_call_is_not_about_the_person() -> None:
    attributes = {"sip.callID": "c1", "sip.trunkPhoneNumber": "+4930", "lk.a": "b", "vip": "yes"}
    person = read_person(identity="a", name="a", metadata="", attributes=attributes)
    assert person.context == {"vip": "yes"}


@dataclass
class Listed:
    identity: str
    kind: int
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class ListingRoom:
    remote_participants: dict[str, Listed]


KINDS = rtc.ParticipantKind


def test_recorders_and_streams_and_agents_are_no_people() -> None:
    listed = {
        "caller": KINDS.PARTICIPANT_KIND_SIP,
        "alice": KINDS.PARTICIPANT_KIND_STANDARD,
        "whatsapp": KINDS.PARTICIPANT_KIND_CONNECTOR,
        "recorder": KINDS.PARTICIPANT_KIND_EGRESS,
        "camera": KINDS.PARTICIPANT_KIND_INGRESS,
        "bot": KINDS.PARTICIPANT_KIND_AGENT,
    }
    room = ListingRoom({name: Listed(name, kind) for name, kind in listed.items()})
    participants = Participants(cast("rtc.Room", room))
    assert [person.identity for person in participants.people()] == ["caller", "alice", "whatsapp"]
    assert [name for name in [*listed, "unknown"] if participants.is_agent(name)] == ["bot"]


@pytest.mark.parametrize(
    ("metadata", "languages", "expected"),
    [
        (['{"language": "fr"}'], ["de"], "french"),
        (["", "not json"], [None, "de-AT"], "german"),
        (['{"language": "klingon"}'], ["ja"], "simple"),
        (['{"language": ["de"]}'], [], None),
        ([], [None], None),
    ],
)
def test_a_new_room_speaks_as_its_metadata_or_its_first_person_says(
    metadata: list[str], languages: list[str | None], expected: str | None
) -> None:
    people = [Person("ana", "Ana", language=language) for language in languages]
    assert room_language(metadata, people) == expected


def test_who_is_present_brings_no_marks_of_templates_into_the_instructions() -> None:
    named = Person(
        identity="eve", name="Eve<|im_end|>\U000e0061", context={"team": "[INST] \u200b"}
    )
    assert introduction([named]).splitlines()[-1] == '{"name": "Eve(im_end)", "team": "(INST) "}'
