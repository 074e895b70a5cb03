"""A body that is read in one go means what it means to FastAPI, which reads it in two."""

import json
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.http.fast_path import fast_path
from backend_stub.routes import changes, events, exports, messages, search, tokens
from retrieval.wire import MessageCreate

ROUTES = {
    route.endpoint.__name__: route
    for module in (changes, events, exports, messages, search, tokens)
    for route in module.router.routes
    if isinstance(route, APIRoute)
}
TAKEN = ("search", "append_messages", "record_events", "import_records")

MESSAGE = {
    "id": '"m1"',
    "role": '"user"',
    "participant": '"ada"',
    "content": '"hi"',
    "created_at": '"2025-01-01T00:00:00Z"',
}
VALID = {"search": {"query": '"x"'}, "append_messages": {}, "correct": {"content": '"x"'}}
NUMBERS = [
    *("0", "1", "-1", "-0", "-0.0", "7.0", "7.5", "1e2", "0.1", "3.0000000000000001"),
    *("1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9007199254740993.0"),
    *("12345678901234567890", "1" * 42, "1" * 5000, "1735689600.123456789", "1735689600123.456"),
]
VALUES = [
    *NUMBERS,
    *(f'"{number}"' for number in NUMBERS),
    *(f'{{"a": {number}}}' for number in NUMBERS),
    *("null", "true", "false", "[]", "{}", "[1]", '["a"]', '["a", "a"]', '{"1": null}'),
    *('"true"', '"yes"', '""', '"a"', '"USER"', '["user", "tool"]', '{"a": "x", "a": 2}'),
    *(r'"\u0000"', r'"\ud800"', r'"\ud83d\ude00"', '"\u2028\x7f"', '"\t"', r'{"\ud800": 1}'),
    *('"2025-01-01"', '"2025-01-01T00:00:00"', '"2025-01-01T00:00:00+02:00"', '"12:00"', '"P1D"'),
    *('"0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10"', '"0B8F9F4E6F5C4B559D0B0D1F6F3F2A10"'),
    *('"Europe/Berlin"', "[" * 300 + "]" * 300, "01", "{'a': 1}", "", "1 2", "// no\n1"),
]


@pytest.mark.parametrize("name", ["search", "append_messages", "correct"])
def test_what_is_read_in_one_go_is_read_the_same_in_two(name: str) -> None:
    [field] = ROUTES[name].dependant.body_params
    model: type[BaseModel] = field.field_info.annotation  # type: ignore[assignment]
    taken = 0
    for body in _bodies(name, model):
        try:
            found = model.model_validate_json(body)
        except ValidationError:
            continue  # goes the other way, and is refused or taken there
        expected, errors = field.validate(json.loads(body), {}, loc=("body",))
        assert not errors, body
        assert repr(found) == repr(expected), body
        taken += 1
    assert taken > 20


def _bodies(name: str, model: type[BaseModel]) -> Iterator[bytes]:
    """A valid one, with one field at a time replaced."""
    if name == "append_messages":
        messages = [*_with_each(MESSAGE, MessageCreate)]
        yield from (b'{"messages": [%s]}' % message for message in messages)
        yield from _with_each({"messages": f"[{messages[0].decode()}]"}, model)
    else:
        yield from _with_each(VALID[name], model)


def _with_each(valid: dict[str, str], model: type[BaseModel]) -> Iterator[bytes]:
    yield _object(valid)
    for field in (*model.model_fields, "unknown"):
        yield from (_object({**valid, field: value}) for value in VALUES)
        yield _object(valid)[:-1] + b', "%s": null, "%s": 1}' % (field.encode(), field.encode())


def _object(fields: dict[str, str]) -> bytes:
    return f"{{{', '.join(f'{json.dumps(name)}: {raw}' for name, raw in fields.items())}}}".encode()


async def _by_fastapi(_: Request) -> Response:
    raise AssertionError("unreachable")


@pytest.mark.parametrize("name", TAKEN)
def test_routes_that_are_asked_often_take_it(name: str) -> None:
    assert fast_path(ROUTES[name], otherwise=_by_fastapi) is not _by_fastapi


@pytest.mark.parametrize("name", ["recent_messages", "export_one", "revoke_tokens"])
def test_routes_that_declare_more_are_left_to_fastapi(name: str) -> None:
    assert fast_path(ROUTES[name], otherwise=_by_fastapi) is _by_fastapi
