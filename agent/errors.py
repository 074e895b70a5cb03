"""Everything that can go wrong between the agent and what it depends on, in one tree.

AgentError
├─ BackendError
│  ├─ BackendUnavailable   no usable answer now; trying again may help
│  ├─ BackendRejected      the backend refuses this request; the same again is refused again
│  └─ BackendProtocolError the answer is not what the wire contract says
└─ OutboxError
   ├─ OutboxUnwritable     the folder cannot be written: read-only, full, or not ours
   ├─ OutboxBusy           another process holds this file
   ├─ OutboxCorrupt        the file is damaged
   └─ OutboxTooNew         a newer program wrote this file
"""

from pathlib import Path

from retrieval.wire import Problem


class AgentError(Exception):
    """The root of this tree."""


class BackendError(AgentError):
    """The backend did not do what was asked."""


class BackendUnavailable(BackendError):
    """No usable answer: time is up, no connection, overload, or a 5xx."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"the backend is unavailable: {reason}")
        self.retry_after_s = retry_after_s


class BackendRejected(BackendError):
    """The backend refuses this request; `problem` says what is wrong with it."""

    def __init__(self, status: int, problem: Problem) -> None:
        fields = "".join(f"; {error.field}: {error.message}" for error in problem.errors)
        super().__init__(f"the backend refused ({status}): {problem.detail}{fields}")
        self.status = status
        self.problem = problem


class BackendProtocolError(BackendError):
    """The answer is not of the type that the wire contract promises."""


class OutboxError(AgentError):
    """The outbox cannot take or keep what it is given."""


class OutboxUnwritable(OutboxError):
    """The outbox's folder cannot be written; the message names it."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the outbox folder {folder} cannot be written ({reason}); "
            "make room, make it writable, or set LONGROOM_DATA_DIR to another folder"
        )
        self.folder = folder


class OutboxBusy(OutboxError):
    """Another process holds this file; it is shipping what is in it."""


class OutboxCorrupt(OutboxError):
    """The file is damaged."""


class OutboxTooNew(OutboxError):
    """A newer program wrote this file; it is left alone."""
