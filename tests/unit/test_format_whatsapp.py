"""WhatsApp chats of several phones and languages."""

import zipfile
from pathlib import Path

import pytest

from longroom.errors import ConfigurationError
from longroom.transfer.source import open_source
from tests.support.imported import Imported, imported, imported_from

LRM = "\u200e"
NARROW = "\u202f"


def chat(*lines: str, day_first: bool | None = None, time_zone: str = "Europe/Lisbon") -> Imported:
    return imported("\r\n".join(lines), time_zone=time_zone, day_first=day_first)


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("[14.11.26, 10:20:33] Noor: hi", "2026-11-14T10:20:33"),
        ("[14/11/2026, 10:20:33] Noor: hi", "2026-11-14T10:20:33"),
        ("[14/11/26 9:05:03] Noor: hi", "2026-11-14T09:05:03"),
        ("14/11/2026, 10:20 - Noor: hi", "2026-11-14T10:20:00"),
        ("14.11.26, 10:20 - Noor: hi", "2026-11-14T10:20:00"),
        ("14-11-2026 10:20 - Noor: hi", "2026-11-14T10:20:00"),
        ("11/14/26, 10:20 PM - Noor: hi", "2026-11-14T22:20:00"),
        (f"[11/14/26, 12:05:33{NARROW}AM] Noor: hi", "2026-11-14T00:05:33"),
        (f"14/11/26, 12:05{NARROW}pm - Noor: hi", "2026-11-14T12:05:00"),
        ("14/11/26, 9:05 p. m. - Noor: hi", "2026-11-14T21:05:00"),
        ("2026-11-14, 10:20 - Noor: hi", "2026-11-14T10:20:00"),
        ("[2026/11/14, 10:20:33] Noor: hi", "2026-11-14T10:20:33"),
        (f"{LRM}[14.11.26, 10.20.33] Noor: hi", "2026-11-14T10:20:33"),
        ("[2026/11/14 下午10:20:33] Noor: hi", "2026-11-14T22:20:33"),
        ("2026. 11. 14. 오전 12:20 - Noor: hi", "2026-11-14T00:20:00"),
        ("14/11/2026، 9:05 م - Noor: hi", "2026-11-14T21:05:00"),
        ("٢٠٢٦/١١/١٤، ١٠:٢٠ - Noor: hi", "2026-11-14T10:20:00"),
    ],
)
def test_the_dates_of_phones_are_read(line: str, moment: str) -> None:
    found = chat(line)
    assert (found.format, found.said, found.rejected) == ("whatsapp", [("Noor", "hi")], [])
    assert found.times == [f"{moment}+00:00"]


def test_times_are_those_of_the_zone_that_is_named() -> None:
    found = chat(
        "29.03.26, 01:59 - Noor: winter", "29.03.26, 03:01 - Noor: summer", time_zone="Europe/Paris"
    )
    assert found.times == ["2026-03-29T00:59:00+00:00", "2026-03-29T01:01:00+00:00"]


def test_messages_of_several_lines_stay_together() -> None:
    found = chat(
        "14.11.26, 10:20 - Noor: the list:",
        "",
        "- milk: 2",
        "- 3.5 tea",
        "14.11.26, 10:21 - Ugo: ok",
    )
    assert found.said == [("Noor", "the list:\n\n- milk: 2\n- 3.5 tea"), ("Ugo", "ok")]


def test_what_whatsapp_itself_writes_is_no_message() -> None:
    found = chat(
        f"[14.11.26, 10:20:33] Choir: {LRM}Messages and calls are end-to-end encrypted.",
        "14.11.26, 10:20 - Messages and calls are end-to-end encrypted.",
        "14.11.26, 10:20 - Noor created group “Choir: the new one”",
        '14.11.26, 10:20 - Noor changed the subject to "Choir: Monday"',
        "14.11.26, 10:20 - Noor: <Media omitted>",
        "14.11.26, 10:20 - Noor: <Medien ausgeschlossen>",
        f"{LRM}[14.11.26, 10:20:34] Noor: {LRM}image omitted",
        f"14.11.26, 10:20 - Noor: {LRM}IMG-20261114-WA0001.jpg (file attached)",
        "14.11.26, 10:20 - Noor: This message was deleted",
        f"[14.11.26, 10:20:35] Noor: see the picture {LRM}<attached: 0007.jpg>",
        f"[14.11.26, 10:20:36] ~{NARROW}Ugo: at six {LRM}<This message was edited>",
    )
    assert found.said == [("Noor", "see the picture"), ("Ugo", "at six")]
    assert found.rejected == []


@pytest.mark.parametrize("decider", ["25/02/26, 10:00 - Ugo: x", "12/31/26, 10:00 - Ugo: x"])
def test_one_date_tells_the_order_of_all(decider: str) -> None:
    found = chat("03/02/26, 10:00 - Noor: first", decider)
    day_first = decider.startswith("25")
    assert found.times[0].startswith("2026-02-03" if day_first else "2026-03-02")


def test_of_short_chats_the_order_is_that_in_which_time_goes_on() -> None:
    by_day = chat(
        "03/02/26, 10:00 - Noor: a", "04/02/26, 10:00 - Noor: b", "01/03/26, 1:00 - Ugo: c"
    )
    assert [time[:10] for time in by_day.times] == ["2026-02-03", "2026-02-04", "2026-03-01"]


def test_an_order_that_nothing_tells_is_asked_for() -> None:
    with pytest.raises(ConfigurationError, match=r"--day-first .* --month-first"):
        chat("03/02/26, 10:00 - Noor: a", "04/02/26, 10:00 - Noor: b")
    lines = "03/02/26, 10:00 - Noor: a", "04/02/26, 10:00 - Noor: b"
    assert chat(*lines, day_first=True).times[1].startswith("2026-02-04")
    assert chat(*lines, day_first=False).times[1].startswith("2026-04-02")


def test_a_line_before_the_first_message_and_an_impossible_date_are_rejected() -> None:
    found = imported(
        "Chat of the choir\n14/11/26, 10:20 - Noor: a\n11/14/26, 10:21 - Noor: b\n",
        time_zone="UTC",
        format_name="whatsapp",
    )
    assert found.said == [("Noor", "a")]
    assert found.rejected == [
        "line 1: no message begins here: it has no date",
        "line 3: created_at: 11/14/26 is no date; say --day-first (14/11) or --month-first (11/14)",
    ]


def test_two_equal_messages_of_a_minute_are_two_and_a_longer_export_has_the_same_ids() -> None:
    lines = [
        "14.11.26, 10:20 - Noor: ok",
        "14.11.26, 10:20 - Noor: ok",
        "14.11.26, 10:21 - Ugo: no",
    ]
    shorter = chat(*lines)
    longer = chat("13.11.26, 9:00 - Ugo: before", *lines, "15.11.26, 9:00 - Ugo: after")
    ids = [message.id for message in shorter.messages]
    assert len(set(ids)) == 3
    assert [message.id for message in longer.messages[1:4]] == ids


def test_the_zip_of_a_phone_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "chat.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", "\ufeff[14.11.26, 10:20:33] Noor: grüße")
        archive.writestr("0007.jpg", b"\xff")
        archive.writestr("list.txt", "an attachment")
        archive.writestr("__MACOSX/._chat.txt", b"\x00")
    with open_source(tmp_path / "chat.zip") as source:
        assert imported_from(source, time_zone="UTC").said == [("Noor", "grüße")]


def test_the_assistant_of_a_chat_is_named() -> None:
    found = imported("14.11.26, 10:20 - Shop Bot: hi", time_zone="UTC", assistants=("shop bot",))
    assert [message.role for message in found.messages] == ["assistant"]
