import json
import logging
import sys

from backend_stub.logs import JsonFormatter
from retrieval.errors import ModelMismatch

CONVERSATION = "0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10"


def formatted(error: Exception | None = None, **extra: object) -> dict[str, object]:
    record = logging.LogRecord(
        "retrieval.x", logging.INFO, "f.py", 1, "message appended", None, None
    )
    record.__dict__.update(extra)
    if error is not None:
        try:
            raise error
        except Exception:  # noqa: BLE001  # any error is logged alike
            record.exc_info = sys.exc_info()
    line = JsonFormatter().format(record)
    assert "\n" not in line
    parsed: dict[str, object] = json.loads(line)
    return parsed


def test_a_line_has_the_message_and_the_ids_beside_it() -> None:
    line = formatted(conversation_id=CONVERSATION, seq=7)

    assert line["message"] == "message appended"
    assert (line["level"], line["logger"]) == ("info", "retrieval.x")
    assert (line["conversation_id"], line["seq"]) == (CONVERSATION, 7)


def test_the_text_of_a_foreign_error_is_not_told_but_its_kind_and_place_are() -> None:
    line = formatted(ValueError("Failing row contains (hunter2)"))

    assert "hunter2" not in json.dumps(line)
    assert line["error"] == "ValueError"
    assert "test_backend_logs.py" in str(line["stack"])


def test_the_reason_of_our_own_errors_is_told() -> None:
    assert (
        formatted(ModelMismatch("another model is active"))["reason"] == "another model is active"
    )


def test_values_that_json_does_not_know_are_written_all_the_same() -> None:
    assert formatted(seqs={1})["seqs"] == [1]
    assert str(formatted(place=object())["place"]).startswith("#")
