"""Reading one line of an import file."""

import orjson
import pytest

from longroom.transfer.lines import MAX_LINE_BYTES, Read, Rejected, read_line
from retrieval.wire import MAX_CONTENT_CHARS

GOOD = {
    "participant": "Wren",
    "role": "user",
    "created_at": "2025-01-14T10:20:00+02:00",
    "content": "All twelve lamps blink.",
}


def line(**changes: object) -> bytes:
    return orjson.dumps({name: value for name, value in (GOOD | changes).items() if value != "—"})


def reason(raw: bytes) -> str:
    rejected = read_line(raw, number=7)
    assert isinstance(rejected, Rejected)
    assert rejected.line == 7
    assert rejected.raw == raw
    return rejected.reason


def read(raw: bytes, *, number: int = 1, ignore_unknown: bool = False) -> Read:
    result = read_line(raw, number=number, ignore_unknown=ignore_unknown)
    assert isinstance(result, Read), result
    return result


def test_a_line_becomes_the_message_it_describes() -> None:
    message = read(line(id="m-1")).message
    assert (message.id, message.participant, message.role) == ("m-1", "Wren", "user")
    assert message.content == "All twelve lamps blink."
    assert message.created_at.isoformat() == "2025-01-14T10:20:00+02:00"


def test_the_same_line_gets_the_same_id_each_time_it_is_imported() -> None:
    assert read(line(), number=4).message.id == read(line(), number=4).message.id


def test_the_same_words_on_another_line_are_another_message() -> None:
    assert read(line(), number=4).message.id != read(line(), number=5).message.id


@pytest.mark.parametrize("field", ["participant", "role", "created_at", "content"])
def test_every_change_of_a_field_changes_the_derived_id(field: str) -> None:
    other = {
        "participant": "Hal",
        "role": "assistant",
        "created_at": "2025-01-14T10:20:01+02:00",
        "content": "All twelve lamps blink!",
    }
    assert read(line()).message.id != read(line(**{field: other[field]})).message.id


@pytest.mark.parametrize("field", ["participant", "role", "created_at", "content"])
def test_a_missing_field_is_named(field: str) -> None:
    assert reason(line(**{field: "—"})) == f"{field}: is missing"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"created_at": "2025-01-14T10:20:00"}, "created_at: has no time zone"),
        ({"created_at": "yesterday"}, "created_at: "),
        ({"role": "admin"}, "role: must be 'user' or 'assistant'"),
        ({"content": ""}, "content: is empty"),
        ({"content": "  \n "}, "content: must not be empty or only white space"),
        ({"content": "x" * (MAX_CONTENT_CHARS + 1)}, "content: is longer than 65536 characters"),
        ({"content": "a\x00b"}, "content: must not contain NUL bytes"),
        ({"participant": "p" * 300}, "participant: is longer than 256 characters"),
        ({"id": ""}, "id: is empty"),
        ({"id": "\x00"}, "id: "),
        ({"thread": 3}, "thread: is not a field of a message"),
        ({"content": 17}, "content: "),
    ],
)
def test_a_bad_field_is_named_with_what_to_do(changes: dict[str, object], said: str) -> None:
    assert reason(line(**changes)).startswith(said)


def test_every_bad_field_of_a_line_is_named() -> None:
    said = reason(line(role="admin", content=""))
    assert "role: " in said
    assert "content: " in said


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "not JSON: "),
        (b"hello", "not JSON: "),
        (b'{"content": "\xff"}', "not JSON: "),
        (rb'{"content": "\ud800"}', "not JSON: "),
        (b"[1, 2]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b" " * (MAX_LINE_BYTES + 1), "longer than 1,000,000 bytes"),
    ],
)
def test_what_is_no_json_object_is_rejected(raw: bytes, said: str) -> None:
    assert reason(raw).startswith(said)


def test_unknown_fields_can_be_left_out_on_request() -> None:
    assert read(line(thread=3), ignore_unknown=True).message.content == GOOD["content"]


def test_the_longest_message_fits_into_a_line_even_if_every_character_is_escaped() -> None:
    raw = line(content="—").replace(
        b"}", b', "content": "' + b"\\u20ac" * MAX_CONTENT_CHARS + b'"}'
    )
    assert len(read(raw).message.content) == MAX_CONTENT_CHARS
