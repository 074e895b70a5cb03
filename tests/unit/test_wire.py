"""One example of each wire type as JSON: a changed name or form breaks every deployed peer."""

import json
from hashlib import sha256
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from retrieval import wire
from tests.support.frozen_overview import CONVERSATION, OVERVIEW
from tests.support.frozen_traces import MESSAGE, MESSAGE_JSON, NOON, TRACES

NEW_MESSAGE = wire.MessageCreate(
    id=wire.MessageId("m1"),
    role="user",
    participant="ada",
    content="The pump leaks.",
    created_at=NOON,
)
NEW_MESSAGE_JSON = {
    name: value for name, value in MESSAGE_JSON.items() if name not in {"seq", "metadata"}
}
EVENT = wire.ConversationEvent(id="e1", kind="error", created_at=NOON, data={"recoverable": True})
EVENT_JSON = {
    "id": "e1",
    "kind": "error",
    "created_at": "2025-03-01T12:00:00Z",
    "participant": None,
    "data": {"recoverable": True},
}
SAVED_SESSION = wire.SavedSession(
    id="s1", agent_identity="agent-7f3a", started_at=NOON, message_count=2
)
SAVED_SESSION_JSON: dict[str, Any] = {
    "id": "s1",
    "agent_identity": "agent-7f3a",
    "started_at": "2025-03-01T12:00:00Z",
    "ended_at": None,
    "message_count": 2,
    "participants": [],
    "usage": {},
    "close_reason": None,
}
SAVED_EDIT = wire.SavedEdit(
    message_id=wire.MessageId("m1"), content="The valve leaks.", replaced_at=NOON
)
SAVED_EDIT_JSON = {
    "message_id": "m1",
    "content": "The valve leaks.",
    "replaced_at": "2025-03-01T12:00:00Z",
}
SHARED_ROOM = wire.SharedRoom(name="call", created_at=NOON)
SHARED_ROOM_JSON = {"name": "call", "created_at": "2025-03-01T12:00:00Z"}
IMPORTED_MESSAGE = wire.ImportedMessage(**dict(NEW_MESSAGE), edited_at=NOON)
IMPORTED_MESSAGE_JSON = NEW_MESSAGE_JSON | {"edited_at": "2025-03-01T12:00:00Z"}
OUTCOME = wire.AppendOutcome(id=wire.MessageId("m1"), seq=1, status="stored")
HIT = wire.RetrievalHit(message=MESSAGE, score=0.5, found_by=["vector", "lexical"])
HIT_JSON = {
    "message": MESSAGE_JSON,
    "score": 0.5,
    "found_by": ["vector", "lexical"],
    "excerpt": None,
    "before": [],
    "after": [],
    "also_said": {"count": 0, "ids": []},
    "parts": None,
}
TIMINGS = wire.SearchTimings(embed_ms=7.0, candidates_ms=2.0, total_ms=9.5)
TIMINGS_JSON = {"embed_ms": 7.0, "candidates_ms": 2.0, "total_ms": 9.5}
ERROR = wire.FieldError(field="messages[3].content", message="is required; add it")
INVITATION: dict[str, Any] = {
    "invitation_id": "inv_1",
    "room": "r",
    "created_at": NOON,
    "expires_at": NOON,
}
INVITATION_JSON = {
    "invitation_id": "inv_1",
    "room": "r",
    "identity": None,
    "created_at": "2025-03-01T12:00:00Z",
    "expires_at": "2025-03-01T12:00:00Z",
}
ERROR_JSON = {"field": "messages[3].content", "message": "is required; add it"}
EDIT = wire.MessageEdit(content="The pump leaks.", replaced_at=NOON)
EDIT_JSON = {
    "content": "The pump leaks.",
    "metadata": {},
    "replaced_at": "2025-03-01T12:00:00Z",
}

FROZEN: list[tuple[BaseModel, dict[str, Any]]] = [
    (wire.CreateRoom(name="r", identity="ada"), {"name": "r", "identity": "ada", "language": None}),
    (
        wire.Room(name="r", conversation_id=CONVERSATION, created=True),
        {
            "name": "r",
            "conversation_id": str(CONVERSATION),
            "created": True,
            "livekit_url": None,
            "token": None,
            "dispatched": False,
        },
    ),
    (wire.CreateConversation(key="ada"), {"key": "ada", "language": None}),
    (
        wire.KeyedConversation(conversation_id=CONVERSATION, key="ada", created=True),
        {"conversation_id": str(CONVERSATION), "key": "ada", "created": True},
    ),
    (NEW_MESSAGE, NEW_MESSAGE_JSON),
    (wire.AppendMessages(messages=[NEW_MESSAGE]), {"messages": [NEW_MESSAGE_JSON]}),
    (
        wire.AppendOutcome(id=wire.MessageId("m1"), seq=1, status="stored"),
        {"id": "m1", "seq": 1, "status": "stored"},
    ),
    (wire.AppendResult(outcomes=[]), {"outcomes": [], "revision": 0}),
    (MESSAGE, MESSAGE_JSON),
    (
        wire.MessagePage(messages=[MESSAGE], message_count=1),
        {"messages": [MESSAGE_JSON], "message_count": 1},
    ),
    (
        wire.AgentJoined(identity="agent-1", session_id="AJ_1"),
        {"identity": "agent-1", "session_id": "AJ_1", "window": 12, "language": None},
    ),
    (
        wire.AgentJoined(
            identity="agent-1",
            session_id="AJ_1",
            conversation="ada",
            asked_for=CONVERSATION,
            livekit_sid="RM_1",
        ),
        {
            "identity": "agent-1",
            "session_id": "AJ_1",
            "window": 12,
            "language": None,
            "conversation": "ada",
            "asked_for": str(CONVERSATION),
            "livekit_sid": "RM_1",
        },
    ),
    (
        wire.Conversation(
            conversation_id=CONVERSATION,
            room="r",
            message_count=1,
            window=[MESSAGE],
            last_message_at=NOON,
        ),
        {
            "conversation_id": str(CONVERSATION),
            "room": "r",
            "message_count": 1,
            "window": [MESSAGE_JSON],
            "last_message_at": "2025-03-01T12:00:00Z",
            "revision": 0,
        },
    ),
    (
        wire.WindowMessage(role="user", participant="ada", content="c"),
        {"role": "user", "participant": "ada", "content": "c"},
    ),
    (
        wire.SearchRequest(query="q"),
        {
            "query": "q",
            "limit": 10,
            "token_budget": None,
            "neighbours": 0,
            "asker": None,
            "time_zone": "UTC",
            "since": None,
            "until": None,
            "participants": None,
            "roles": None,
            "exclude_ids": [],
            "window": [],
            "explain": False,
        },
    ),
    (wire.AlsoSaid(count=1, ids=[wire.MessageId("m2")]), {"count": 1, "ids": ["m2"]}),
    (HIT, HIT_JSON),
    (TIMINGS, TIMINGS_JSON),
    (
        wire.SearchResponse(
            hits=[HIT],
            relevant=True,
            confidence=0.9,
            message_count=1,
            pending=0,
            model="m",
            timings=TIMINGS,
        ),
        {
            "hits": [HIT_JSON],
            "relevant": True,
            "confidence": 0.9,
            "message_count": 1,
            "pending": 0,
            "model": "m",
            "timings": TIMINGS_JSON,
            "degraded": [],
            "read_as": None,
            "revision": 0,
        },
    ),
    (EVENT, EVENT_JSON),
    (wire.RecordEvents(events=[EVENT]), {"events": [EVENT_JSON]}),
    (wire.EventsRecorded(recorded=1), {"recorded": 1}),
    (
        wire.EventList(events=[wire.ConversationEvent(id="ev_1", kind="action", created_at=NOON)]),
        {
            "events": [
                {
                    "id": "ev_1",
                    "kind": "action",
                    "created_at": "2025-03-01T12:00:00Z",
                    "participant": None,
                    "data": {},
                }
            ]
        },
    ),
    (
        wire.SessionSummary(
            conversation_id=CONVERSATION,
            agent_identity="agent-1",
            started_at=NOON,
            message_count=2,
        ),
        {
            "conversation_id": str(CONVERSATION),
            "agent_identity": "agent-1",
            "started_at": "2025-03-01T12:00:00Z",
            "ended_at": None,
            "message_count": 2,
            "participants": [],
            "usage": {},
            "close_reason": None,
        },
    ),
    (SAVED_SESSION, SAVED_SESSION_JSON),
    (SAVED_EDIT, SAVED_EDIT_JSON),
    (SHARED_ROOM, SHARED_ROOM_JSON),
    (
        wire.ExportedConversation(
            conversation_id=CONVERSATION, key="k", language="english", created_at=NOON
        ),
        {
            "conversation_id": str(CONVERSATION),
            "room": None,
            "key": "k",
            "language": "english",
            "created_at": "2025-03-01T12:00:00Z",
            "participant": None,
        },
    ),
    (
        wire.ExportEnd(conversations=1, messages=2),
        {
            "conversations": 1,
            "rooms": 0,
            "messages": 2,
            "edits": 0,
            "events": 0,
            "sessions": 0,
        },
    ),
    (
        wire.ImportConversation(key="k"),
        {
            "conversation_id": None,
            "room": None,
            "key": "k",
            "language": None,
            "as_copy": False,
            "created_at": None,
        },
    ),
    (
        wire.ImportedConversation(conversation_id=CONVERSATION, created=True),
        {"conversation_id": str(CONVERSATION), "created": True},
    ),
    (IMPORTED_MESSAGE, IMPORTED_MESSAGE_JSON),
    (
        wire.ImportRecords(
            messages=[IMPORTED_MESSAGE],
            edits=[SAVED_EDIT],
            events=[EVENT],
            sessions=[SAVED_SESSION],
            rooms=[SHARED_ROOM],
        ),
        {
            "origin": None,
            "messages": [IMPORTED_MESSAGE_JSON],
            "edits": [SAVED_EDIT_JSON],
            "events": [EVENT_JSON],
            "sessions": [SAVED_SESSION_JSON],
            "rooms": [SHARED_ROOM_JSON],
        },
    ),
    (
        wire.ImportedRecords(outcomes=[OUTCOME], events=1),
        {
            "outcomes": [{"id": "m1", "seq": 1, "status": "stored"}],
            "edits": 0,
            "events": 1,
            "sessions": 0,
            "rooms": 0,
        },
    ),
    (
        wire.CreateToken(subject="ada"),
        {
            "subject": "ada",
            "room": None,
            "permissions": ["read", "search"],
            "expires_in_s": 600,
        },
    ),
    (
        wire.ConversationToken(token="a.b.c", token_id="t1", expires_at=NOON),
        {"token": "a.b.c", "token_id": "t1", "expires_at": "2025-03-01T12:00:00Z"},
    ),
    (wire.CreateInvitation(), {"identity": None, "expires_in_s": 604_800}),
    (wire.Invitation(**INVITATION), INVITATION_JSON),
    (
        wire.Invitations(invitations=[wire.Invitation(**INVITATION)]),
        {"invitations": [INVITATION_JSON]},
    ),
    (
        wire.NewInvitation(**INVITATION, link="http://host/room/r#invitation=s"),
        INVITATION_JSON | {"link": "http://host/room/r#invitation=s"},
    ),
    (ERROR, ERROR_JSON),
    (
        wire.Problem(title="Conflict", status=409, detail="taken", ids=["m1"]),
        {
            "type": "about:blank",
            "title": "Conflict",
            "status": 409,
            "detail": "taken",
            "errors": [],
            "ids": ["m1"],
        },
    ),
    (
        wire.Changed(conversation_id=CONVERSATION, revision=3),
        {"conversation_id": str(CONVERSATION), "revision": 3},
    ),
    (
        wire.Change(revision=3, kind="erased", seq=1, id_sha256="ab"),
        {"revision": 3, "kind": "erased", "seq": 1, "id_sha256": "ab"},
    ),
    (
        wire.Changes(
            revision=4,
            changes=[
                wire.Change(
                    revision=4, kind="participant_erased", identity_sha256="cd", before=NOON
                )
            ],
        ),
        {
            "revision": 4,
            "changes": [
                {
                    "revision": 4,
                    "kind": "participant_erased",
                    "identity_sha256": "cd",
                    "before": "2025-03-01T12:00:00Z",
                }
            ],
            "more": False,
        },
    ),
    (
        wire.CorrectMessage(content="The valve leaks."),
        {"content": "The valve leaks.", "metadata": None},
    ),
    (EDIT, EDIT_JSON),
    (wire.MessageEdits(edits=[EDIT]), {"edits": [EDIT_JSON]}),
    (
        wire.ErasureReceipt(
            erasure_id=CONVERSATION,
            kind="message",
            erased_at=NOON,
            conversations=[CONVERSATION],
            rows={"message": 1},
        ),
        {
            "erasure_id": str(CONVERSATION),
            "kind": "message",
            "erased_at": "2025-03-01T12:00:00Z",
            "dry_run": False,
            "complete": True,
            "conversations": [str(CONVERSATION)],
            "rows": {"message": 1},
        },
    ),
    *TRACES,
    *OVERVIEW,
]


@pytest.mark.parametrize(("value", "frozen"), FROZEN, ids=lambda part: type(part).__name__)
def test_the_json_of_a_wire_type_stays_as_it_is(value: BaseModel, frozen: dict[str, Any]) -> None:
    written = json.loads(value.model_dump_json())

    assert written == frozen
    assert type(value).model_validate_json(json.dumps(frozen)) == value


def test_the_lines_of_an_export_stay_as_they_are() -> None:
    assert json.loads(wire.export_line(MESSAGE)) == MESSAGE_JSON
    for record, kind in (
        (EVENT, "event"),
        (SAVED_SESSION, "session"),
        (SAVED_EDIT, "edit"),
        (SHARED_ROOM, "room"),
        (wire.ExportEnd(messages=2), "end"),
    ):
        written = wire.export_line(record)
        assert written.endswith("}}\n")
        [(name, fields)] = json.loads(written).items()
        assert name == kind
        assert wire.EXPORT_KINDS[kind].model_validate(fields) == record


def test_an_erased_id_is_a_hash_of_its_conversation_and_itself() -> None:
    written = f"{CONVERSATION}\nm1"

    assert wire.erased_id(CONVERSATION, "m1") == sha256(written.encode()).hexdigest()


def test_every_wire_type_is_frozen_here() -> None:
    known = {
        kind
        for kind in vars(wire).values()
        if isinstance(kind, type) and issubclass(kind, wire.Request | wire.Response)
    }

    assert known - {wire.Request, wire.Response} == {type(value) for value, _ in FROZEN}


AS_READ = (wire.TurnLine, wire.KeptTrace)
"""Requests as a backend answers them, maybe a newer one."""


@pytest.mark.parametrize(
    "kind",
    [
        type(value)
        for value, _ in FROZEN
        if isinstance(value, wire.Request) and not isinstance(value, AS_READ)
    ],
)
def test_requests_refuse_what_they_do_not_know(kind: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        kind.model_validate({"from_the_future": 1})


def test_an_old_agent_reads_the_response_of_a_newer_backend() -> None:
    newer = MESSAGE_JSON | {"from_the_future": 1}

    assert wire.Message.model_validate(newer) == MESSAGE


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("german", "german"),
        ("German", "german"),
        ("de", "german"),
        ("de-AT", "german"),
        ("pt_BR", "portuguese"),
        ("ja", "simple"),
        ("zh-Hans", "simple"),
        ("simple", "simple"),
        ("klingon", None),
        ("xx", None),
        ("", None),
    ],
)
def test_a_language_is_known_by_its_name_or_its_tag(name: str, language: str | None) -> None:
    assert wire.text_search_language(name) == language


def test_an_unknown_language_is_told_the_choices() -> None:
    with pytest.raises(ValidationError, match=r"arabic, .*german, .*simple.* or a tag") as refused:
        wire.CreateRoom(name="r", language="klingon")
    assert refused.value.errors()[0]["loc"] == ("language",)
