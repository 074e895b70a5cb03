import json
from uuid import UUID

import pytest

from retrieval.wire import ConversationId, conversation_in, parse_metadata, with_conversation

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
