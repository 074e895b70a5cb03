"""Tells of failed attempts to deliver: in the log, and in a figure."""

import logging
from collections.abc import Mapping

from agent.errors import OutboxError
from agent.outbox.metrics import Failure, OutboxMetrics
from longroom.client import BackendError, BackendProtocolError, BackendRejected, BackendUnavailable

logger = logging.getLogger(__name__)


def report(
    error: BackendError | OutboxError,
    failures: int,
    ids: Mapping[str, object],
    metrics: OutboxMetrics,
) -> None:
    """`failures` in a row."""
    failure = _failure(error)
    metrics.failed(failure)
    logger.log(
        logging.WARNING if failure == "unavailable" else logging.ERROR,
        _SAID.get(failure, "delivery failed, will be tried again"),
        extra={**ids, "failures": failures, "reason": str(error)},
    )


_SAID: dict[Failure, str] = {
    "credentials": "the backend refuses this agent's key: what is said waits in the outbox until "
    "BACKEND_SERVICE_KEY is right",
    "protocol": "the backend's answer breaks the wire contract: what was sent stays in the outbox "
    "and is sent again",
}


def _failure(error: BackendError | OutboxError) -> Failure:
    match error:
        case BackendUnavailable():
            return "unavailable"
        case BackendProtocolError():
            return "protocol"
        case BackendRejected():
            return "credentials"
        case OutboxError():
            return "disk"
    return "error"
