"""What is recorded of a session is storable, bounded and free of secrets."""

import pytest
from livekit.agents import ErrorEvent, UserInputTranscribedEvent
from livekit.agents.llm import ChatMessage, LLMError

from agent.conversation.session.event_records import (
    error_record,
    message_record,
    transcription_record,
    turn_record,
    without_secrets,
)
from agent.recall.recall import Recalled
from retrieval.wire import MAX_EVENT_DATA_BYTES, RecordEvents

HOSTILE = ["\x01" * 100_000, "💥" * 50_000, "\x00\ud800", "", "x" * 1_000_000]


def _failed(detail: str) -> ErrorEvent:
    try:
        raise ConnectionError(detail)
    except ConnectionError as error:
        llm_error = LLMError(timestamp=1.0, label="llm", error=error, recoverable=False)
        return ErrorEvent(error=llm_error, source="llm")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_gives_events_that_the_wire_accepts(text: str) -> None:
    spoken = UserInputTranscribedEvent(transcript=text, is_final=True)
    events = [transcription_record(spoken, speaker=text), error_record(_failed(text))]
    RecordEvents(events=events)
    assert all(len(e.model_dump_json(include={"data"})) < MAX_EVENT_DATA_BYTES for e in events)


def test_an_error_is_recorded_with_its_stack_and_without_values() -> None:
    data = error_record(_failed("no route")).data
    assert (data["error"], data["detail"], data["recoverable"]) == (
        "ConnectionError",
        "no route",
        False,
    )
    assert "test_event_records.py" in str(data["stack"])
    assert "in _failed" in str(data["stack"])


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-123",
        "invalid key sk-proj-abc123",
        "wss://host/rtc?access_token=eyJhbGciOi.eyJzdWIi.c2ln&auto=1",
        "{'api_key': 'abc123'}",
        "password: abc123",
    ],
)
def test_what_looks_like_a_secret_is_left_out(text: str) -> None:
    cleaned = without_secrets(text)
    assert "[secret]" in cleaned
    assert not [part for part in ("abc", "eyJ", "c2ln", "123") if part in cleaned]


def test_a_message_keeps_its_own_time_speaker_and_interruption() -> None:
    item = ChatMessage(
        role="assistant", content=["one two"], interrupted=True, created_at=1_700_000_000.0
    )
    record = message_record(item, participant="longroom")
    assert (record.role, record.participant, record.content, record.interrupted) == (
        "assistant",
        "longroom",
        "one two",
        True,
    )
    assert record.created_at.timestamp() == 1_700_000_000.0


def test_a_turns_figures_are_recorded_without_its_text() -> None:
    recalled = Recalled(recall_ms=12.3456, added_ms=0.0, source="speculation", degraded=None)
    data = turn_record("q1", recalled, "answered").data
    assert data == {
        "question_id": "q1",
        "outcome": "answered",
        "recall_ms": 12.346,
        "added_ms": 0.0,
        "source": "speculation",
        "hits": 0,
        "degraded": None,
    }
