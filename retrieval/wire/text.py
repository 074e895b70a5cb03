"""Texts that PostgreSQL can store, with their maximum lengths."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from retrieval.wire.base import MessageId

MAX_CONTENT_CHARS = 65_536
MAX_NAME_CHARS = 256
CHARS_OF_A_WORD = 8
"""Text without spaces counts as words of this length."""


def counted_words(text: str) -> int:
    """What a text costs to be analysed; at most half of its characters."""
    return max(len(text.split()), len(text) // CHARS_OF_A_WORD)


def storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL bytes; remove them")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("must not contain lone surrogates; send well-formed UTF-8") from error
    return text


def not_blank(text: str) -> str:
    if not text or text.isspace():
        raise ValueError("must not be empty or only white space")
    return text


def one_line(text: str) -> str:
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text):
        raise ValueError("must be one line without control characters")
    return text


# For OpenAPI only: the validators check the same with better messages.
TEXT_PATTERN = {"pattern": "^[^\\u0000]*$"}
NOT_BLANK_PATTERN = {"pattern": "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"}
ONE_LINE_PATTERN = {"pattern": "^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$"}

Text = Annotated[str, Field(json_schema_extra=TEXT_PATTERN), AfterValidator(storable)]
Name = Annotated[
    str,
    Field(min_length=1, max_length=MAX_NAME_CHARS, json_schema_extra=ONE_LINE_PATTERN),
    AfterValidator(storable),
    AfterValidator(not_blank),
    AfterValidator(one_line),
]
Content = Annotated[
    str,
    Field(min_length=1, max_length=MAX_CONTENT_CHARS, json_schema_extra=NOT_BLANK_PATTERN),
    AfterValidator(storable),
    AfterValidator(not_blank),
]
GivenId = Annotated[
    MessageId,
    Field(min_length=1, max_length=128, json_schema_extra=TEXT_PATTERN),
    AfterValidator(storable),
]
