import json

import pytest

from agent.room.participants import MAX_CONTEXT_CHARS, Person, read_person, room_language


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
