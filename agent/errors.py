"""The agent's errors.

AgentError
├─ BackendError
│  ├─ BackendUnavailable   no usable answer now; a retry may help
│  ├─ BackendRejected      the backend refuses this request, and would refuse it again
│  ├─ AgentReplaced        another agent has joined the room since
│  └─ BackendProtocolError the answer breaks the wire contract
└─ OutboxError
   ├─ OutboxUnwritable     the folder cannot be written: read-only, full, or no permission
   ├─ OutboxBusy           another process holds this file
   ├─ OutboxCorrupt        the file is damaged; OutboxStore repairs it
   └─ OutboxTooNew         a newer program wrote this file
"""

from pathlib import Path

from retrieval.wire import Problem

CREDENTIALS_REFUSED = frozenset({401, 403, 407})
"""Statuses that a person must mend: the same request is taken once the key is right."""


class AgentError(Exception):
    """The root of the tree above."""


class BackendError(AgentError):
    """The root of what BackendClient raises."""


class BackendUnavailable(BackendError):
    """Timeout, no connection, overload, or a 5xx. `retry_after_s` if the backend gave it."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"the backend is unavailable: {reason}")
        self.retry_after_s = retry_after_s


class BackendRejected(BackendError):
    """A 4xx; `problem` is what is wrong."""

    def __init__(self, status: int, problem: Problem) -> None:
        fields = "".join(f"; {error.field}: {error.message}" for error in problem.errors)
        super().__init__(f"the backend refused ({status}): {problem.detail}{fields}")
        self.status = status
        self.problem = problem


class AgentReplaced(BackendError):
    """The backend stored nothing; it takes the same without the agent's epoch."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)


class BackendProtocolError(BackendError):
    """An answer that is not of the wire type."""


class OutboxError(AgentError):
    """The root of what the outbox raises."""


class OutboxUnwritable(OutboxError):
    """The message names the folder and the remedy."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the outbox folder {folder} cannot be written ({reason}); "
            "make room, make it writable, or set LONGROOM_DATA_DIR to another folder"
        )
        self.folder = folder


class OutboxBusy(OutboxError):
    """Another process holds and delivers this file."""


class OutboxCorrupt(OutboxError):
    """The file is damaged: what is whole goes into a new one, and the old one is kept."""


class OutboxTooNew(OutboxError):
    """A newer program wrote this file; it is left alone."""
