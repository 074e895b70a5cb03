"""LiveKit's events of a session as the records that the backend stores."""

import re
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from livekit.agents import (
    ErrorEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
)
from livekit.agents.llm import ChatMessage, FunctionCall, FunctionCallOutput
from livekit.agents.metrics.usage import AgentSessionUsage
from pydantic import JsonValue

from agent.llm.failure import Reason
from agent.messages.question import OUTCOMES, Outcome
from agent.messages.rolling_window import ASKED_AT, GOES_ON, message_id
from agent.messages.sanitize import storable_content, storable_name
from agent.recall.recall import Recalled
from retrieval.wire import ConversationEvent, EventKind, MessageCreate, MessageId

_MAX_TEXT_CHARS = 2_500
_MAX_TOOL_CHARS = 500
_MAX_STACK_CHARS = 6_000
_MAX_DETAIL_CHARS = 1_500
_SECRET = re.compile(
    r"(?i)(bearer\s+|sk-|eyJ|(?:token|key|secret|password)['\"]?\s*[=:]\s*['\"]?)[\w.~+/=-]+"
)


def message_record(item: ChatMessage, *, participant: str) -> MessageCreate:
    """Of an interrupted answer, the text that was said."""
    return MessageCreate(
        id=message_id(item),
        role="assistant" if item.role == "assistant" else "user",
        participant=storable_name(participant, default=item.role),
        content=storable_content(item.text_content or ""),
        created_at=datetime.fromtimestamp(item.extra.get(ASKED_AT, item.created_at), UTC),
        interrupted=item.interrupted,
        metadata={GOES_ON: True} if item.extra.get(GOES_ON) else {},
    )


def tool_record(call: FunctionCall, output: FunctionCallOutput) -> MessageCreate:
    """What was done and what came of it, as one short text that can be found again."""
    ended = "failed" if output.is_error else "gave"
    done = f"{call.name}({_shortened(call.arguments)}) {ended}: {_shortened(output.output)}"
    return MessageCreate(
        id=MessageId(f"tool.{call.id}.{int(call.created_at * 1000):x}"),
        role="tool",
        participant=storable_name(call.name, default="tool"),
        content=storable_content(done),
        created_at=datetime.fromtimestamp(output.created_at, UTC),
    )


def transcription_record(event: UserInputTranscribedEvent, *, speaker: str) -> ConversationEvent:
    text = storable_content(event.transcript)[:_MAX_TEXT_CHARS]
    data: dict[str, JsonValue] = {"text": text, "final": event.is_final}
    if event.language:
        data["language"] = str(event.language)
    return _event("transcription", event.created_at, data, speaker)


def speech_record(event: SpeechCreatedEvent) -> ConversationEvent:
    """Call when the reply has ended."""
    handle = event.speech_handle
    items = [message_id(item) for item in handle.chat_items if isinstance(item, ChatMessage)]
    data: dict[str, JsonValue] = {
        "speech_id": handle.id,
        "source": event.source,
        "interrupted": handle.interrupted,
        "message_ids": [str(id_) for id_ in items],
    }
    return _event("speech", event.created_at, data)


def error_record(event: ErrorEvent) -> ConversationEvent:
    """Includes the stack (files and lines, no values); secret-looking text is removed."""
    cause = getattr(event.error, "error", event.error)
    stack = traceback.format_tb(cause.__traceback__) if isinstance(cause, BaseException) else []
    data: dict[str, JsonValue] = {
        "error": type(cause).__name__,
        "detail": without_secrets(storable_content(str(cause)))[:_MAX_DETAIL_CHARS],
        "stack": "".join(stack)[-_MAX_STACK_CHARS:],
        "recoverable": bool(getattr(event.error, "recoverable", False)),
        "source": type(event.source).__name__,
    }
    return _event("error", event.created_at, data)


def turn_record(
    question_id: str, recalled: Recalled, outcome: Outcome, reason: Reason | None = None
) -> ConversationEvent:
    data: dict[str, JsonValue] = {
        "question_id": question_id,
        "outcome": outcome,
        "recall_ms": round(recalled.recall_ms, 3),
        "added_ms": round(recalled.added_ms, 3),
        "source": recalled.source,
        "hits": len(recalled.hits),
        "degraded": recalled.degraded,
    }
    if reason is not None:
        data["reason"] = reason
    return _event("metric", datetime.now(UTC).timestamp(), data)


def asked_again_record(question_id: str) -> ConversationEvent:
    """What was told of its end before counts no more."""
    return _event("metric", datetime.now(UTC).timestamp(), {"asked_again": question_id})


def turn_ends(events: Iterable[ConversationEvent]) -> dict[MessageId, Outcome]:
    """How turns ended, from these events of one conversation, oldest first."""
    ends: dict[MessageId, Outcome] = {}
    for event in events:
        if isinstance(again := event.data.get("asked_again"), str):
            ends.pop(MessageId(again), None)
        elif (end := _turn_end(event)) is not None:
            ends[end[0]] = end[1]
    return ends


def _turn_end(event: ConversationEvent) -> tuple[MessageId, Outcome] | None:
    """None if the event is no `turn_record`."""
    question_id, outcome = event.data.get("question_id"), event.data.get("outcome")
    if event.kind != "metric" or not isinstance(question_id, str) or outcome not in OUTCOMES:
        return None
    return MessageId(question_id), outcome


def action_record(action: str, *, participant: str | None = None) -> ConversationEvent:
    return _event("action", datetime.now(UTC).timestamp(), {"action": action}, participant)


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TOOL_CHARS else text[:_MAX_TOOL_CHARS] + " [cut here]"


def usage_record(usage: AgentSessionUsage) -> dict[str, JsonValue]:
    return {
        f"{used.provider}/{used.model}": used.model_dump(mode="json", exclude_defaults=True)
        for used in usage.model_usage
    }


def without_secrets(text: str) -> str:
    return _SECRET.sub("[secret]", text)


def _event(
    kind: EventKind, created_at: float, data: dict[str, JsonValue], participant: str | None = None
) -> ConversationEvent:
    return ConversationEvent(
        id=uuid4().hex,
        kind=kind,
        created_at=datetime.fromtimestamp(created_at, UTC),
        participant=storable_name(participant, default="user") if participant else None,
        data=data,
    )
