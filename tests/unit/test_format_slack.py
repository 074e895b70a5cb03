"""Slack's workspace export."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from longroom.errors import ConfigurationError
from longroom.transfer.source import open_source
from tests.support.imported import Imported, imported_files, imported_from

USERS = [
    {"id": "U1", "name": "noor.h", "profile": {"display_name": "Noor", "real_name": "Noor H"}},
    {"id": "U2", "name": "ugo", "real_name": "Ugo Rossi", "profile": {"display_name": ""}},
]


def said(ts: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "ts": ts, "text": text, **fields}


def export(folder: Path, days: dict[str, list[Any]], **options: Any) -> Imported:
    files = {name: json.dumps(messages) for name, messages in days.items()}
    return imported_files(folder, {"users.json": json.dumps(USERS), **files}, **options)


def test_channels_are_read_together_in_the_order_of_time(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        {
            "lamps/2026-11-15.json": [said("1794738000.000100", "three")],
            "lamps/2026-11-14.json": [
                said("1794651600.000100", "one"),
                said("1794651800.000100", "two and a half"),
            ],
            "pumps/2026-11-14.json": [said("1794651700.000100", "two", user="U2")],
        },
    )
    assert found.format == "slack"
    assert found.said == [
        ("Noor", "one"),
        ("Ugo Rossi", "two"),
        ("Noor", "two and a half"),
        ("Noor", "three"),
    ]
    first = found.messages[0]
    assert (first.id, first.metadata) == ("slack-lamps-1794651600.000100", {"channel": "lamps"})
    assert first.created_at.isoformat() == "2026-11-14T10:20:00.000100+00:00"


def test_replies_name_their_thread_and_its_first_message_does_not(tmp_path: Path) -> None:
    start, reply = "1794651600.000100", "1794651700.000200"
    found = export(
        tmp_path,
        {
            "lamps/2026-11-14.json": [
                said(start, "who?", thread_ts=start, reply_count=1),
                said(reply, "me", thread_ts=start),
            ]
        },
    )
    assert [message.metadata for message in found.messages] == [
        {"channel": "lamps"},
        {"channel": "lamps", "thread": start, "reply_to": f"slack-lamps-{start}"},
    ]
    assert found.messages[1].metadata["reply_to"] == found.messages[0].id


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<@U2> and <@U9|zoe> and <@U8>", "@Ugo Rossi and @zoe and @U8"),
        (
            "in <#C1|pumps> see <https://a.example/x?y=1&amp;z=2>",
            "in #pumps see https://a.example/x?y=1&z=2",
        ),
        ("<https://a.example|the page>", "the page (https://a.example)"),
        (
            "<https://a.example|a.example> <mailto:a@b.example|a@b.example>",
            "https://a.example mailto:a@b.example",
        ),
        ("<!here> 3 &lt; 4 &amp;&amp; 5 &gt; 4", "@here 3 < 4 && 5 > 4"),
        ("<!subteam^S1|@support>", "@support"),
    ],
)
def test_markup_becomes_plain_text(tmp_path: Path, text: str, plain: str) -> None:
    found = export(tmp_path, {"lamps/2026-11-14.json": [said("1794651600.0", text)]})
    assert found.messages[0].content == plain


def test_bots_are_people_unless_they_are_named_as_the_assistant(tmp_path: Path) -> None:
    bot: dict[str, Any] = {
        "type": "message",
        "subtype": "bot_message",
        "bot_id": "B1",
        "username": "Helper",
    }
    bot |= {"ts": "1794651600.0", "text": "", "attachments": [{"fallback": "42 tickets"}]}
    app = said("1794651601.0", "done", user="UB", bot_id="B2", bot_profile={"name": "Deploy"})
    days = {"lamps/2026-11-14.json": [bot, app]}
    found = export(tmp_path, days)
    assert found.said == [("Helper", "42 tickets"), ("Deploy", "done")]
    found = export(tmp_path, days, assistants=("helper",))
    assert [message.role for message in found.messages] == ["assistant", "user"]


def test_what_nobody_wrote_is_no_message_and_what_is_broken_is_named(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        {
            "lamps/2026-11-14.json": [
                said("1794651600.0", "<@U1> has joined", subtype="channel_join"),
                said("1794651600.0", ""),
                "?",
                said("soon", "when?"),
                said("1794651601.0", "fine", user=None),
            ],
            "lamps/2026-11-15.json": [said("1794738000.0", "\ud800")],
        },
    )
    assert found.said == []
    assert [why.partition(";")[0] for why in found.rejected] == [
        "lamps/2026-11-14.json, message 3: not a JSON object",
        "lamps/2026-11-14.json, message 4: created_at: must be a time such as"
        " 2025-01-14T10:20:00Z, or seconds since 1970",
        "lamps/2026-11-14.json, message 5: participant: is empty",
        "lamps/2026-11-15.json, message 1: content: is not UTF-8",
    ]
    (tmp_path / "lamps/2026-11-14.json").write_text("{")
    with open_source(tmp_path) as source:
        assert imported_from(source).rejected[0].startswith("lamps/2026-11-14.json: not JSON")


def test_an_edited_message_is_another_one_in_a_later_export(tmp_path: Path) -> None:
    before = export(tmp_path, {"a/2026-11-14.json": [said("1794651600.0", "six")]})
    edited = said("1794651600.0", "seven", edited={"user": "U1", "ts": "1794651900.0"})
    after = export(tmp_path, {"a/2026-11-14.json": [edited]})
    assert before.messages[0].id != after.messages[0].id


def test_an_interrupted_import_goes_on_behind_its_last_message(tmp_path: Path) -> None:
    messages = [said(f"17946516{n:02}.0", f"{n}") for n in range(5)]
    days = {"a/2026-11-14.json": messages}
    assert [text for _, text in export(tmp_path, days, after=3).said] == ["3", "4"]


def test_the_zip_archive_is_read_as_the_folder_is(tmp_path: Path) -> None:
    export(tmp_path / "x", {"a/2026-11-14.json": [said("1794651600.0", "hi")]})
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in (tmp_path / "x").rglob("*.json"):
            archive.write(file, f"Acme export/{file.relative_to(tmp_path / 'x')}")
    with open_source(tmp_path / "x.zip") as source:
        assert imported_from(source).said == [("Noor", "hi")]
        assert source.taken > 0


def test_the_folder_of_one_channel_is_enough(tmp_path: Path) -> None:
    day = {"2026-11-14.json": json.dumps([said("1794651600.0", "hi", user="U7")])}
    found = imported_files(tmp_path / "lamps", day)
    assert (found.format, found.said) == ("slack", [("U7", "hi")])
    assert found.messages[0].metadata == {"channel": "lamps"}


def test_a_folder_of_something_else_is_not_recognised(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not recognised; name it with --format: csv"):
        imported_files(tmp_path, {"notes.txt": "hello"})
    with pytest.raises(ConfigurationError, match="is a folder or an archive, not one file"):
        imported_files(tmp_path, {}, format_name="jsonl")
    with pytest.raises(ConfigurationError, match=r"has no CHANNEL/YYYY-MM-DD.json"):
        imported_files(tmp_path, {}, format_name="slack")
