"""Reading one line of an import file."""

from datetime import datetime
from zoneinfo import ZoneInfo

import orjson
import pytest

from longroom.transfer.formats.format import Record, Rejected
from longroom.transfer.formats.jsonl import record_of
from longroom.transfer.lines import LineReader, Read
from longroom.transfer.reading.derived_ids import DerivedIds
from longroom.transfer.reading.local_times import LocalTimes
from longroom.transfer.source import MAX_LINE_BYTES
from retrieval.wire import MAX_CONTENT_CHARS, MessageId
from tests.support.written_times import READ_AS, REFUSED

GOOD = {
    "participant": "Wren",
    "role": "user",
    "created_at": "2025-01-14T10:20:00+02:00",
    "content": "All twelve lamps blink.",
}


def line(**changes: object) -> bytes:
    return orjson.dumps({name: value for name, value in (GOOD | changes).items() if value != "—"})


def reason(raw: bytes) -> str:
    rejected = result(raw, number=7)
    assert isinstance(rejected, Rejected)
    assert rejected.line == 7
    assert rejected.raw == raw
    return rejected.reason


def result(raw: bytes, *, number: int = 1, reader: LineReader | None = None) -> Read | Rejected:
    record = record_of(raw, number=number)
    found = (reader or LineReader()).read(record) if isinstance(record, Record) else record
    assert isinstance(found, Read | Rejected)
    return found


def read(raw: bytes, *, number: int = 1, reader: LineReader | None = None) -> Read:
    found = result(raw, number=number, reader=reader)
    assert isinstance(found, Read), found
    return found


def in_zone(zone: str) -> LineReader:
    return LineReader(times=LocalTimes(ZoneInfo(zone)))


def test_a_line_becomes_the_message_it_describes() -> None:
    message = read(line(id="m-1")).message
    assert (message.id, message.participant, message.role) == ("m-1", "Wren", "user")
    assert message.content == "All twelve lamps blink."
    assert message.created_at.isoformat() == "2025-01-14T10:20:00+02:00"


def test_the_same_line_gets_the_same_id_each_time_it_is_imported() -> None:
    assert read(line(), number=4).message.id == read(line(), number=4).message.id


def test_the_same_words_said_twice_at_once_are_two_messages() -> None:
    reader = LineReader()
    first, second, third = (read(line(), number=n, reader=reader).message.id for n in (4, 5, 6))
    assert len({first, second, third}) == 3
    again = LineReader()
    assert [read(line(), number=n, reader=again).message.id for n in (8, 9)] == [first, second]


def test_lines_in_front_change_no_derived_id() -> None:
    reader = LineReader()
    for number in range(1, 4):
        read(line(content=f"an older message {number}"), number=number, reader=reader)
    assert read(line(), number=4, reader=reader).message.id == read(line()).message.id


def test_the_same_moment_in_another_zone_gives_the_same_derived_id() -> None:
    utc = read(line(created_at="2025-01-14T08:20:00Z"))
    assert utc.message.id == read(line()).message.id
    assert read(line(created_at=1736842800)).message.id == utc.message.id


def test_a_message_that_an_earlier_version_stored_keeps_its_id() -> None:
    ids = DerivedIds({read(line()).message.id: MessageId("import-1")})
    reader = LineReader(ids=ids)
    assert read(line(), reader=reader).message.id == "import-1"
    assert read(line(), reader=reader).message.id.startswith("imported-")


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
        ({"role": "admin"}, "role: must be 'user', 'assistant', 'system' or 'tool'"),
        ({"metadata": [1]}, "metadata: "),
        ({"metadata": {"a": "b\x00"}}, "metadata: must not contain NUL bytes"),
        ({"metadata": {"a": "b" * 5000}}, "metadata: must have at most 4096 bytes"),
        ({"reply_to": ""}, "reply_to: is empty"),
        ({"reply_to": 3}, "reply_to: "),
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
        (b" " * (MAX_LINE_BYTES + 1), "longer than 5,000,000 bytes"),
    ],
)
def test_what_is_no_json_object_is_rejected(raw: bytes, said: str) -> None:
    assert reason(raw).startswith(said)


def test_unknown_fields_can_be_left_out_on_request() -> None:
    reader = LineReader(ignore_unknown=True)
    assert read(line(thread=3), reader=reader).message.content == GOOD["content"]


@pytest.mark.parametrize("role", ["system", "tool"])
def test_systems_and_tools_have_roles(role: str) -> None:
    assert read(line(role=role)).message.role == role


def test_metadata_are_kept_and_what_a_message_answers_goes_there_too() -> None:
    message = read(line(metadata={"channel": "lamps"}, reply_to="m-1")).message
    assert message.metadata == {"channel": "lamps", "reply_to": "m-1"}


def test_optional_fields_may_be_null_and_seq_is_left_out() -> None:
    fields = {"id": None, "metadata": None, "reply_to": None, "interrupted": None, "seq": 9}
    assert read(line(**fields)).message.model_dump() == read(line()).message.model_dump()


@pytest.mark.parametrize(("written", "moment"), READ_AS.items())
def test_a_time_is_read_as_the_api_reads_it(written: object, moment: str) -> None:
    assert read(line(created_at=written)).message.created_at == datetime.fromisoformat(moment)


@pytest.mark.parametrize("written", [each for each in REFUSED if each is not None])
def test_a_time_that_the_api_refuses_is_rejected(written: object) -> None:
    assert reason(line(created_at=written)).startswith("created_at: ")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-14T10:20:00", "2026-01-14T09:20:00Z"),
        ("2026-07-14 10:20:00.5", "2026-07-14T08:20:00.5Z"),
        ("2026-07-14", "2026-07-13T22:00:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        ("2026-07-14T10:20:00Z", "2026-07-14T10:20:00Z"),
        (1794651633, "2026-11-14T10:20:33Z"),
        ("1794651633", "2026-11-14T10:20:33Z"),
    ],
)
def test_a_local_time_is_read_in_the_zone_that_is_named(written: object, moment: str) -> None:
    found = read(line(created_at=written), reader=in_zone("Europe/Berlin")).message.created_at
    assert found == datetime.fromisoformat(moment)


def test_the_hour_that_clocks_show_twice_goes_on_as_the_file_does() -> None:
    reader = in_zone("America/New_York")
    written = ["01:10", "01:50", "01:10", "01:50", "02:00"]
    lines = [line(created_at=f"2026-11-01T{clock}") for clock in written]
    moments = [read(raw, reader=reader).message.created_at for raw in lines]
    assert [f"{moment:%H:%M}" for moment in moments] == [
        "05:10",
        "05:50",
        "06:10",
        "06:50",
        "07:00",
    ]


def test_assistants_are_named_by_participant_and_others_need_no_role_then() -> None:
    reader = LineReader(assistants=frozenset({"wren"}))
    assert read(line(), reader=reader).message.role == "assistant"
    assert read(line(participant="Hal", role="—"), reader=reader).message.role == "user"
    assert read(line(role="tool"), reader=reader).message.role == "tool"


def test_the_longest_message_fits_into_a_line_even_if_every_character_is_escaped() -> None:
    raw = line(content="—").replace(
        b"}", b', "content": "' + b"\\u20ac" * MAX_CONTENT_CHARS + b'"}'
    )
    assert len(read(raw).message.content) == MAX_CONTENT_CHARS
