"""Packing the lines of a file into batches."""

import codecs
import gzip
import zipfile
from io import BytesIO
from pathlib import Path

import orjson
import pytest

from longroom.errors import CommandFailed, ConfigurationError
from longroom.transfer.batches import MAX_BATCH_BYTES, Batch, read_batches
from longroom.transfer.formats.jsonl import Jsonl
from longroom.transfer.lines import LineReader
from longroom.transfer.source import MAX_LINE_BYTES, ImportSource, Source, open_source


def lines(count: int, *, content: str = "light", **fields: str) -> list[bytes]:
    return [
        orjson.dumps(
            {
                "participant": "Hal",
                "role": "user",
                "created_at": "2025-01-16T13:40:00Z",
                "content": f"{content} {number}",
                **fields,
            }
        )
        for number in range(1, count + 1)
    ]


def batches(raw: list[bytes], *, after: int = 0) -> list[Batch]:
    file = BytesIO(b"\n".join(raw))
    return read_all(ImportSource(file, raw=file, size=None), after=after)


def read_all(source: Source, *, after: int = 0) -> list[Batch]:
    return list(read_batches(source, file_format=Jsonl(), reader=LineReader(), after=after))


def test_batches_keep_the_order_of_the_file_and_the_size_a_backend_takes() -> None:
    found = batches(lines(1200))
    assert [len(batch.messages) for batch in found] == [500, 500, 200]
    contents = [line.message.content for batch in found for line in batch.messages]
    assert contents == [f"light {number}" for number in range(1, 1201)]


def test_a_batch_ends_before_its_body_grows_too_large() -> None:
    found = batches(lines(100, content="x" * 50_000))
    assert len(found) > 1
    assert all(batch.size < MAX_BATCH_BYTES + 60_000 for batch in found)


def test_blank_lines_count_as_lines_but_are_no_messages() -> None:
    one, two = lines(2)
    (batch,) = batches([one, b"", b"   ", two])
    assert [line.line for line in batch.messages] == [1, 4]
    assert batch.last_line == 4
    assert not batch.rejected


def test_an_import_goes_on_behind_the_line_it_had_reached() -> None:
    (batch,) = batches(lines(5), after=3)
    assert [line.line for line in batch.messages] == [4, 5]


def test_an_import_that_goes_on_derives_the_ids_of_one_that_was_not_interrupted() -> None:
    (one,) = lines(1)
    (whole,) = batches([one, one, one])
    (rest,) = batches([one, one, one], after=1)
    assert [line.message.id for line in rest.messages] == [
        line.message.id for line in whole.messages[1:]
    ]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "utf-8"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_unicode_encoding_is_read_from_its_first_message_on(
    mark: bytes, encoding: str, end: str
) -> None:
    text = end.join(line.decode() for line in lines(700, content="grüße 🪴 日本"))
    file = BytesIO(mark + text.encode(encoding))
    found = read_all(ImportSource(file, raw=file, size=None))
    contents = [line.message.content for batch in found for line in batch.messages]
    assert contents == [f"grüße 🪴 日本 {n}" for n in range(1, 701)]


def test_a_byte_order_mark_between_joined_files_is_left_out() -> None:
    one, two = lines(2)
    (batch,) = batches([one, codecs.BOM_UTF8 + two])
    assert len(batch.messages) == 2


def test_rejected_lines_do_not_take_the_others_along() -> None:
    one, two = lines(2)
    (batch,) = batches([one, b"{broken", two])
    assert [line.line for line in batch.messages] == [1, 3]
    assert [line.line for line in batch.rejected] == [2]


def test_an_oversized_line_is_rejected_and_the_next_one_is_read_whole() -> None:
    one, two = lines(2)
    (batch,) = batches([one, b"{" + b"x" * (3 * MAX_LINE_BYTES) + b"}", two])
    assert [line.line for line in batch.rejected] == [2]
    assert [line.message.content for line in batch.messages] == ["light 1", "light 2"]


def test_an_id_used_twice_for_different_messages_is_rejected_at_its_second_line() -> None:
    (batch,) = batches(lines(2, id="same"))
    assert [line.line for line in batch.messages] == [1]
    assert batch.rejected[0].reason.startswith("id: 'same' is already the id of line 1")


def test_a_message_repeated_under_its_id_is_no_error() -> None:
    (one,) = lines(1, id="same")
    (batch,) = batches([one, one])
    assert len(batch.messages) == 2
    assert not batch.rejected


def test_a_file_of_nothing_but_rejects_makes_batches_too() -> None:
    found = batches([b"{broken"] * 2500)
    assert len(found) == 3
    assert sum(len(batch.rejected) for batch in found) == 2500


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_packed_or_plain(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "room.jsonl"
    content = b"\n".join(lines(3)) + b"\n"
    path.write_bytes(gzip.compress(content) if packed else content)
    with open_source(path) as source:
        (batch,) = read_all(source)
    assert len(batch.messages) == 3
    assert batch.taken == path.stat().st_size


def test_a_packed_file_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl.gz"
    whole = gzip.compress(b"\n".join(lines(4000)))
    path.write_bytes(whole[: len(whole) // 2])
    given: list[int] = []
    with open_source(path) as source, pytest.raises(CommandFailed, match="damaged after line"):
        given.extend(number for number, _ in source.lines())
    assert 0 < len(given) < 4000


@pytest.mark.parametrize("name", ["room.jsonl.gz", "room.zip"])
def test_a_packed_file_with_a_wrong_byte_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = b"\n".join(lines(4000))
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("room.jsonl", content)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    with open_source(path) as source, pytest.raises(CommandFailed, match="damaged after line"):
        read_all(source)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"cannot read .*nothing.jsonl: No such file"),
        open_source(tmp_path / "nothing.jsonl"),
    ):
        pass
