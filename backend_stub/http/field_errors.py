"""Says what is wrong with a field and how to fix it, without repeating what was sent."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from retrieval.wire import FieldError, Request

MAX_PATH_PARTS = 6
UNKNOWN = "(unknown)"
_QUERY = frozenset({"registered_s_ago"})
"""Parameters that are declared by themselves."""

# The validator's own messages may quote the input.
_RULES = {
    "missing": "is required; add it",
    "extra_forbidden": "is not a field of this request; /api/v1/openapi.json lists those",
    "string_type": "must be a string",
    "string_unicode": "must not contain lone surrogates; send well-formed UTF-8",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters; shorten or split it",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} items; send smaller batches",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of at most 19 digits",
    "literal_error": "must be one of {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "timezone_aware": "must carry a time zone, such as 2025-03-01T12:00:00Z",
    "json_invalid": "is not valid JSON at character {position}",
    "recursion_loop": "is nested too deeply; flatten it",
}
_RULES_BY_PREFIX = {
    "uuid_": "must be a UUID such as 0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10",
    "datetime_": "must be a date and time with a time zone, such as 2025-03-01T12:00:00Z",
}


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    return [FieldError(field=_field(error), message=_message(error)) for error in errors]


def _field(error: Mapping[str, Any]) -> str:
    location = error["loc"]
    if error["type"] == "json_invalid":
        return "body"
    path = ""
    for part in location[1 : MAX_PATH_PARTS + 1]:
        path += f"[{part}]" if isinstance(part, int) else f".{_known(part, location[0])}"
    if len(location) > MAX_PATH_PARTS + 1:
        path += "…"
    return path.lstrip(".") or str(location[0])


def _known(name: str, where: str) -> str:
    """An unknown field's name is the sender's text, which goes neither back nor into a log."""
    return name if where in ("path", "header") or name in known_fields() else UNKNOWN


@cache
def known_fields() -> frozenset[str]:
    """Of all requests: with the first of them, every route is defined."""
    return frozenset().union(*(kind.model_fields for kind in _kinds(Request))) | _QUERY


def _kinds(kind: type[Request]) -> Iterator[type[Request]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def _message(error: Mapping[str, Any]) -> str:
    kind: str = error["type"]
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "json_invalid":
        return _RULES[kind].format(position=error["loc"][-1])
    if kind in _RULES:
        return _RULES[kind].format(**error.get("ctx", {}))
    for prefix, rule in _RULES_BY_PREFIX.items():
        if kind.startswith(prefix):
            return rule
    return f"is not valid ({kind})"
