import json
from uuid import UUID

import pytest

from retrieval.wire import (
    ConversationId,
    conversation_in,
    conversation_metadata,
    key_in,
    parse_metadata,
    with_conversation,
)

ID = ConversationId(UUID("0d5a4f8e-6a57-4c3a-9d7e-3f5b7c1f2a11"))


@pytest.mark.parametrize(
    "metadata",
    [None, "", "  ", "hello", "[1, 2]", "null", "{", 17, object(), "[" * 100_000, '"text"'],
)
def test_what_is_no_json_object_reads_as_empty(metadata: object) -> None:
    assert parse_metadata(metadata) == {}
    assert conversation_in(metadata) is None


@pytest.mark.parametrize("value", ["", "not-a-uuid", None, 5, {"a": 1}, "' or 1=1 --"])
def test_a_conversation_id_that_is_none_is_ignored(value: object) -> None:
    assert conversation_in(json.dumps({"conversation_id": value})) is None


def test_the_conversation_id_is_read() -> None:
    assert conversation_in(json.dumps({"conversation_id": str(ID), "plan": "gold"})) == ID


def test_other_keys_are_kept_when_the_id_is_written() -> None:
    written = with_conversation(json.dumps({"plan": "gold"}), ID)
    assert json.loads(str(written)) == {"plan": "gold", "conversation_id": str(ID)}


@pytest.mark.parametrize("empty", ["", "{}", " "])
def test_the_id_is_written_into_empty_metadata(empty: str) -> None:
    assert conversation_in(with_conversation(empty, ID)) == ID


@pytest.mark.parametrize("foreign", ["hello", "[1]", '{"conversation_id": "another"}'])
def test_metadata_of_another_application_is_left_alone(foreign: str) -> None:
    assert with_conversation(foreign, ID) is None


def test_another_id_stays_unless_it_is_to_be_replaced() -> None:
    other = json.dumps({"conversation_id": "0d5a4f8e-6a57-4c3a-9d7e-3f5b7c1f2a12", "plan": "gold"})
    assert with_conversation(other, ID) is None
    written = str(with_conversation(other, ID, replace=True))
    assert json.loads(written) == {"plan": "gold", "conversation_id": str(ID)}
    assert with_conversation(written, ID, replace=True) is None
    assert with_conversation("hello", ID, replace=True) is None


def test_a_key_is_read_beside_the_id() -> None:
    both = conversation_metadata(ID, "customer 17")
    assert (conversation_in(both), key_in(both)) == (ID, "customer 17")
    assert key_in(conversation_metadata(ID)) is None


@pytest.mark.parametrize("none", ["", "hello", "{}", '{"conversation": null}', "[1]"])
def test_metadata_without_a_key_have_none(none: str) -> None:
    assert key_in(none) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (4711, "string"),
        (True, "string"),
        (["ada"], "string"),
        ("", "at least 1"),
        ("  ", "empty or only white space"),
        ("a\nb", "one line"),
        ("a\x00b", "NUL"),
        ("\ud83d", "unicode"),
        ("secret" * 43, "256"),
    ],
)
def test_what_can_be_no_key_is_said_without_repeating_it(value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        key_in(json.dumps({"conversation": value}))
    assert "secret" not in str(refused.value)
