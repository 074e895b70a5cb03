"""CSV as programs and spreadsheets write it."""

import codecs

import pytest

from longroom.errors import ConfigurationError
from tests.support.imported import imported

AT = "2026-11-14T10:20:33Z"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_found(delimiter: str, end: str) -> None:
    rows = [["created_at", "participant", "content"], [AT, "Noor", "hi"]]
    found = imported(end.join(delimiter.join(row) for row in rows))
    assert (found.format, found.said) == ("csv", [("Noor", "hi")])
    assert found.times == ["2026-11-14T10:20:33+00:00"]


@pytest.mark.parametrize(
    "header",
    ["Timestamp,Author,Message", "date,From,TEXT", "Sent At,user-name,body", "ts,sender,msg"],
)
def test_columns_are_known_by_their_usual_names(header: str) -> None:
    found = imported(f"{header}\n{AT},Noor,hi\n")
    assert (found.said, found.messages[0].role) == ([("Noor", "hi")], "user")


def test_a_column_by_another_name_is_named() -> None:
    text = f"Absender;Wann;Nachricht;text\nNoor;{AT};hi;de\n"
    columns = {"participant": "absender", "created_at": "Wann", "content": "Nachricht"}
    found = imported(text, columns=columns)
    assert (found.said, found.messages[0].metadata) == ([("Noor", "hi")], {"text": "de"})


def test_quoted_cells_hold_line_ends_delimiters_and_quotes() -> None:
    text = 'author,time,text\r\nNoor,{0},"one, two\r\nthree ""four"""\r\nUgo,{0},ok\r\n'
    found = imported(text.format(AT))
    assert found.said == [("Noor", 'one, two\r\nthree "four"'), ("Ugo", "ok")]


def test_all_fields_can_be_columns_and_others_become_metadata() -> None:
    found = imported(
        "id,participant,role,created_at,content,reply_to,metadata,Channel\n"
        f'm1,Noor,tool,1794651633,hi,m0,"{{""ticket"": 7}}",lamps\n'
        f"m2, Noor,,{AT} ,ho,,,\n"
    )
    first, second = found.messages
    assert (first.id, first.role, second.role) == ("m1", "tool", "user")
    assert first.metadata == {"ticket": 7, "Channel": "lamps", "reply_to": "m0"}
    assert second.metadata == {}


def test_other_columns_can_be_left_out() -> None:
    found = imported(f"author,time,text,mood\nNoor,{AT},hi,fine\n", ignore_unknown=True)
    assert found.messages[0].metadata == {}


def test_the_mark_and_the_separator_line_of_spreadsheets_are_no_header() -> None:
    text = f"sep=;\r\nauthor;time;text\r\nNoor;{AT};a, b\r\n"
    found = imported(codecs.BOM_UTF16_LE + text.encode("utf-16-le"), name="a.csv")
    assert found.said == [("Noor", "a, b")]


def test_bad_rows_are_named_by_their_first_line_and_take_nothing_along() -> None:
    found = imported(
        f'author,time,text\nNoor,{AT},"two\nlines"\nNoor,,x\nNoor,{AT},a,b\n\nNoor,{AT},ok\n'
        f"Noor,{AT},\n,,\nNoor,2026-11-14 10:20,x\nNoor,{AT},\udce9\n"
    )
    assert found.said == [("Noor", "two\nlines"), ("Noor", "ok")]
    assert [why.partition(";")[0] for why in found.rejected] == [
        "line 4: created_at: is missing",
        "line 5: has 4 columns, the header 3",
        "line 8: content: is missing",
        "line 10: created_at: has no time zone",
        "line 11: content: is not UTF-8",
    ]


def test_metadata_that_are_no_object_are_rejected() -> None:
    found = imported(f"author,time,text,metadata\nNoor,{AT},a,[1]\nNoor,{AT},b,x\n")
    assert [why[:16] for why in found.rejected] == ["line 2: metadata", "line 3: metadata"]


def test_a_quote_left_open_is_told() -> None:
    text = f'author,time,text\nNoor,{AT},"open\nNoor,{AT},lost\nUgo,{AT},"ok"\nUgo,{AT},5" pipe\n'
    found = imported(text)
    assert found.said == [("Ugo", '5" pipe')]
    assert found.rejected[0].startswith("line 2: not CSV: ")
    assert "is a quotation mark left open?" in found.rejected[0]
    for rest in (f"Noor,{AT},x\n", f"Noor,{AT},{'x' * 900}\n" * 200):
        found = imported(f'author,time,text\nNoor,{AT},"open\n{rest}')
        assert "is a quotation mark left open?" in found.rejected[0]


def test_a_header_that_lacks_a_field_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"no column for created_at; .* timestamp"):
        imported("author,text\nNoor,hi\n", name="a.csv")


def test_local_times_are_read_in_the_zone_that_is_named() -> None:
    found = imported("author,time,text\nNoor,2026-07-14 10:20,x\n", time_zone="Asia/Tokyo")
    assert found.times == ["2026-07-14T01:20:00+00:00"]
