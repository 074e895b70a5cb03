"""Tickets with comments, as Zendesk and similar desks export them: JSON, or JSONL."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from longroom.transfer.formats.format import Record, Rejected
from longroom.transfer.formats.json_values import BrokenJson, json_values
from longroom.transfer.source import Source

_COMMENTS = re.compile(r'(?<!\\)"comments"\s*:\s*\[')
_PEOPLE = ("requester", "submitter", "assignee", "collaborator", "collaborators", "users")


class Tickets:
    name: ClassVar[str] = "tickets"
    has_local_times: ClassVar[bool] = False

    def recognises(self, source: Source) -> bool:
        head = source.head.lstrip()
        return head.startswith(("{", "[")) and _COMMENTS.search(head) is not None

    def records(self, source: Source) -> Iterator[Record | Rejected]:
        """By ticket, each with its comments in their order."""
        line = 0
        for number, ticket in enumerate(json_values(source.text_lines(), key="tickets"), start=1):
            for found in _comments(ticket, number):
                line += 1
                yield _record(line, found)


_Found = tuple[str, bytes, dict[str, object] | str]
"""Where it stands, its text, and its fields or why it has none."""


def _record(line: int, found: _Found) -> Record | Rejected:
    place, raw, fields = found
    if isinstance(fields, str):
        return Rejected(line, raw, fields, place)
    return Record(line, raw, fields, place)


def _comments(ticket: object, number: int) -> Iterator[_Found]:
    if isinstance(ticket, BrokenJson):
        yield f"line {ticket.line}", ticket.raw, f"not JSON: {ticket.reason}"
        return
    if not isinstance(ticket, dict):
        yield f"ticket {number}", _text(ticket), "not a JSON object; write {…} with its comments"
        return
    ticket_id = ticket.get("id") or ticket.get("ticket_id")
    place = f"ticket {ticket_id or number}"
    comments = ticket.get("comments")
    if comments is None and ticket.get("description"):
        comments = [_description(ticket)]
    if not isinstance(comments, list):
        yield place, _text(ticket), "comments: must be a list"
        return
    people = _people(ticket)
    for count, comment in enumerate(comments, start=1):
        where = f"{place}, comment {count}"
        if isinstance(comment, dict):
            yield where, _text(comment), _fields(ticket, ticket_id, comment, people)
        else:
            yield where, _text(comment), "not a JSON object"


def _fields(
    ticket: Mapping[str, Any],
    ticket_id: object,
    comment: Mapping[str, Any],
    people: Mapping[str, str],
) -> dict[str, object]:
    """Fields that the comment lacks are left out, and then named as missing."""
    comment_id = comment.get("id")
    metadata = {
        "ticket": ticket_id,
        "subject": ticket.get("subject") or ticket.get("title"),
        "public": comment.get("public"),
    }
    fields: dict[str, object] = {
        "id": f"ticket-{ticket_id}-{comment_id}" if ticket_id and comment_id else None,
        "participant": _author(comment, people),
        "role": "user",
        "created_at": comment.get("created_at"),
        "content": next(
            (comment[name] for name in ("plain_body", "body", "text") if comment.get(name)), None
        ),
        "metadata": {key: value for key, value in metadata.items() if value is not None},
    }
    return {name: value for name, value in fields.items() if value is not None}


def _author(comment: Mapping[str, Any], people: Mapping[str, str]) -> str | None:
    author = comment.get("author")
    if isinstance(author, dict):
        return _name(author) or people.get(str(author.get("id")))
    if author or comment.get("author_name"):
        return str(author or comment.get("author_name"))
    author_id = comment.get("author_id")
    return None if author_id is None else people.get(str(author_id), str(author_id))


def _people(ticket: Mapping[str, Any]) -> dict[str, str]:
    """Names by id."""
    found = [ticket.get(part) for part in _PEOPLE]
    people = [each for part in found for each in (part if isinstance(part, list) else [part])]
    return {
        str(person["id"]): name
        for person in people
        if isinstance(person, dict) and "id" in person and (name := _name(person))
    }


def _name(person: Mapping[str, Any]) -> str | None:
    name = person.get("name") or person.get("email")
    return str(name) if name else None


def _description(ticket: Mapping[str, Any]) -> dict[str, object]:
    requester = ticket.get("requester")
    return {
        "author": requester,
        "author_id": ticket.get("requester_id") or ticket.get("submitter_id"),
        "created_at": ticket.get("created_at"),
        "body": ticket["description"],
    }


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
