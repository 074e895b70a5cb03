"""What of a log record is told, through our formatter and through other programs'."""

import logging
import sys
from datetime import UTC, datetime
from uuid import UUID

import pytest
from livekit.agents.cli.log import ColoredFormatter, JsonFormatter

from backend_stub.logs import JsonFormatter as BackendFormatter
from retrieval.errors import ModelMismatch
from retrieval.private_logs import PrivateFormatter, digest, guard_handlers

CANARY = "canary-of-hal"
ID = "0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10"
COLOURED = "%(asctime)s %(esc_levelcolor)s%(levelname)-4s%(esc_reset)s %(message)s %(extra)s"
FORMATTERS = {
    "backend": BackendFormatter(),
    "worker": PrivateFormatter(JsonFormatter()),
    "worker in colour": PrivateFormatter(ColoredFormatter(COLOURED)),
    "job process": PrivateFormatter(None),
    "any": PrivateFormatter(logging.Formatter("%(message)s %(room)s", defaults={"room": ""})),
}


def record(
    name: str = "agent.room", message: str = "agent ready", *args: object, **extra: object
) -> logging.LogRecord:
    found = logging.LogRecord(name, logging.WARNING, "f.py", 1, message, args, None)
    vars(found).update(extra)
    return found


def failed(name: str, error: Exception) -> logging.LogRecord:
    found = record(name)
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError(f"while {CANARY}") from cause
    except RuntimeError:
        found.exc_info = sys.exc_info()
    return found


@pytest.mark.parametrize("formatter", FORMATTERS.values(), ids=FORMATTERS)
@pytest.mark.parametrize("name", ["agent.room", "livekit.agents", "asyncio", "backend_stub.x"])
@pytest.mark.parametrize(
    "field",
    ["room", "participant", "session_id", "message_id", "question_id", "ids", "user_transcript"],
)
def test_what_a_caller_chose_is_a_digest(
    formatter: logging.Formatter, name: str, field: str
) -> None:
    value: object = [CANARY, f"{CANARY} 2"] if field == "ids" else CANARY

    line = formatter.format(record(name, **{field: value}))  # type: ignore[arg-type]

    assert CANARY not in line
    assert "agent ready" in line


@pytest.mark.parametrize("formatter", FORMATTERS.values(), ids=FORMATTERS)
@pytest.mark.parametrize("name", ["agent.room", "livekit.agents", "asyncio"])
def test_the_text_of_an_error_is_not_told_but_its_kind_and_place_are(
    formatter: logging.Formatter, name: str
) -> None:
    line = formatter.format(failed(name, ValueError(f"Key (id)=({CANARY}) exists")))

    assert CANARY not in line
    assert "ValueError" in line
    assert "test_private_logs.py" in line


@pytest.mark.parametrize("formatter", FORMATTERS.values(), ids=FORMATTERS)
def test_of_foreign_lines_the_fixed_words_are_told(formatter: logging.Formatter) -> None:
    two_lines = f"Task exception was never retrieved\nfuture: <ValueError('{CANARY}')>"
    for line in (
        formatter.format(record("httpx", "HTTP Request: %s %s", "GET", f"http://b/{CANARY}")),
        formatter.format(record("asyncio", two_lines)),
        formatter.format(record("x", "%s of %d", {CANARY: 1}, 7)),
        formatter.format(record("x", "100 % of them", CANARY)),
        formatter.format(record("x", "%(who)s", {"who": CANARY})),
    ):
        assert CANARY not in line
    assert "process exited with code -6" in formatter.format(
        record("livekit.agents", "process exited with code %d", -6)
    )


def test_figures_and_ids_of_ours_are_told_as_they_are() -> None:
    formatter = BackendFormatter()
    extra: dict[str, object] = {
        "conversation_id": ID,
        "request_id": "0af7651916cd43dd8448eb211c80319c",
        "seqs": [1, 2],
        "ms": 1.5,
        "at_last": None,
        "uuid": UUID(ID),
        "moment": datetime(2025, 3, 1, tzinfo=UTC),
        "route": "/api/v1/rooms",
        "reason": "the disk is full",
    }

    line = formatter.format(record(**extra))  # type: ignore[arg-type]

    for told in (ID, "0af7651916cd43dd8448eb211c80319c", "[1,2]", "1.5", "2025-03-01", "disk is"):
        assert told in line


@pytest.mark.parametrize("name", ["conversation_id", "request_id"])
@pytest.mark.parametrize("value", [CANARY, f"{ID} {CANARY}", f"{CANARY}\n{ID}", "hal", " "])
def test_an_id_that_is_none_is_a_digest(name: str, value: str) -> None:
    line = BackendFormatter().format(record(**{name: value}))

    assert digest(value) in line
    assert CANARY not in line


def test_reasons_are_told_of_our_modules_alone() -> None:
    assert CANARY not in BackendFormatter().format(record("livekit.agents", reason=CANARY))
    assert "no space" in BackendFormatter().format(record("agent.outbox", reason="no space"))
    error = record("backend_stub.x")
    try:
        raise ModelMismatch("another model is active")
    except ModelMismatch:
        error.exc_info = sys.exc_info()
    assert "another model is active" in BackendFormatter().format(error)


def test_the_record_itself_is_left_as_it_was() -> None:
    given = failed("agent.room", ValueError(CANARY))
    vars(given)["room"] = CANARY

    FORMATTERS["worker"].format(given)

    assert given.exc_info is not None
    assert vars(given)["room"] == CANARY
    assert given.exc_text is None


def test_handlers_are_guarded_once_each() -> None:
    logger = logging.getLogger("apart from all others")
    logger.addHandler(logging.StreamHandler(sys.stderr))
    logger.addHandler(logging.StreamHandler(sys.stderr))

    guard_handlers(logger)
    guarded = [handler.formatter for handler in logger.handlers]
    guard_handlers(logger)

    assert all(isinstance(one, PrivateFormatter) for one in guarded)
    assert [handler.formatter for handler in logger.handlers] == guarded


def test_the_same_value_has_the_same_digest_which_a_shell_can_make() -> None:
    # printf %s canary-of-hal | sha256sum | head -c 12
    assert digest(CANARY) == digest(CANARY)
    assert digest(CANARY) != digest(CANARY.upper())
    assert len(digest("\ud800")) == 13
