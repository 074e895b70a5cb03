"""Tickets of support desks."""

import json
from typing import Any

import pytest

from tests.support.imported import imported

AT = "2026-11-14T10:20:33Z"


def ticket(number: int, *comments: Any, **fields: Any) -> dict[str, Any]:
    return {"id": number, "subject": f"Subject {number}", "comments": list(comments), **fields}


def comment(number: int, body: str = "Hello", **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "author": {"id": 7, "name": "Noor"},
        "created_at": AT,
        "body": body,
        **fields,
    }


TICKETS = [
    ticket(1, comment(11, "It leaks.", public=True), comment(12, "A note.", public=False)),
    ticket(2, comment(21, "Where is it?")),
]
FORMS = {
    "lines": "\n".join(map(json.dumps, TICKETS)),
    "list": json.dumps(TICKETS),
    "indented list": json.dumps(TICKETS, indent=2),
    "object": json.dumps({"tickets": TICKETS, "next_page": None}),
    "indented object": json.dumps({"tickets": TICKETS, "count": 2}, indent=4),
    "object with a count in front": json.dumps({"count": 2, "tickets": TICKETS}),
    "objects in a row": "".join(json.dumps(each, indent=1) + "\n" for each in TICKETS),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_json_is_read(text: str) -> None:
    found = imported(text)
    assert (found.format, found.rejected) == ("tickets", [])
    assert [message.content for message in found.messages] == [
        "It leaks.",
        "A note.",
        "Where is it?",
    ]
    assert [message.id for message in found.messages] == [
        "ticket-1-11",
        "ticket-1-12",
        "ticket-2-21",
    ]
    assert found.messages[1].metadata == {"ticket": 1, "subject": "Subject 1", "public": False}
    assert found.messages[2].metadata == {"ticket": 2, "subject": "Subject 2"}


@pytest.mark.parametrize(
    ("fields", "participant"),
    [
        ({"author": "Ugo"}, "Ugo"),
        ({"author": {"email": "u@a.example"}}, "u@a.example"),
        ({"author": None, "author_name": "Ugo"}, "Ugo"),
        ({"author": None, "author_id": 9}, "Ugo Rossi"),
        ({"author": {"id": 9}}, "Ugo Rossi"),
        ({"author": None, "author_id": 10}, "10"),
    ],
)
def test_authors_are_named_as_well_as_the_ticket_knows_them(
    fields: dict[str, Any], participant: str
) -> None:
    people = {"requester": {"id": 7, "name": "Noor"}, "assignee": {"id": 9, "name": "Ugo Rossi"}}
    found = imported(json.dumps(ticket(1, comment(1, **fields), **people)))
    assert found.said == [(participant, "Hello")]


def test_plain_text_is_preferred_and_a_ticket_without_comments_has_its_description() -> None:
    described = {
        "id": 3,
        "description": "It hums.",
        "created_at": AT,
        "requester": {"name": "Noor"},
    }
    marked = comment(1, "<b>It leaks</b>", plain_body="It leaks")
    found = imported("\n".join(map(json.dumps, [ticket(1, marked), described])))
    assert found.said == [("Noor", "It leaks"), ("Noor", "It hums.")]


def test_the_assistant_among_the_authors_is_named() -> None:
    found = imported(json.dumps(ticket(1, comment(1))), assistants=("noor",))
    assert [message.role for message in found.messages] == ["assistant"]


def test_what_is_broken_is_named_by_ticket_and_comment() -> None:
    bad = ticket(4, comment(1), comment(2, created_at="soon"), {"id": 3}, "?")
    lines = [json.dumps(ticket(1, comment(1))), "{broken", json.dumps(bad), '{"id": 5}', "[]", "7"]
    found = imported("\n".join(lines))
    assert len(found.messages) == 2
    assert found.rejected[0].startswith("line 2: not JSON: ")
    assert [why.partition(" such")[0] for why in found.rejected[1:]] == [
        "ticket 4, comment 2: created_at: must be a time",
        "ticket 4, comment 3: participant: is missing; created_at: is missing; content: is missing",
        "ticket 4, comment 4: not a JSON object",
        "ticket 5: comments: must be a list",
        "ticket 5: not a JSON object; write {…} with its comments",
    ]


def test_a_list_that_breaks_off_gives_what_came_before() -> None:
    found = imported(json.dumps(TICKETS)[:-40])
    assert len(found.messages) == 2
    assert found.rejected[0].startswith("line 1: not JSON: ")


def test_a_large_list_is_read_piece_by_piece() -> None:
    many = [ticket(n, comment(n, "x" * 5000)) for n in range(1, 501)]
    for text in (json.dumps(many), json.dumps({"tickets": many}, indent=1)):
        found = imported(text)
        assert [message.id for message in found.messages] == [
            f"ticket-{n}-{n}" for n in range(1, 501)
        ]
