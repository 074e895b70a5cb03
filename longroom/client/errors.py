"""The client's errors.

BackendError
├─ BackendUnavailable    no usable answer now; a retry may help
├─ BackendRejected       the backend refuses this request, and would refuse it again
├─ AgentReplaced         another agent has joined the room since
├─ RoomMoved             the room has been given another conversation since
└─ BackendProtocolError  the answer breaks the wire contract
"""

from retrieval.wire import ERASED, Problem

CREDENTIALS_REFUSED = frozenset({401, 403, 407})
"""Statuses that a person must mend: the same request is taken once the key is right."""


class BackendError(Exception):
    """The root of what the client raises."""


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

    @property
    def is_erased(self) -> bool:
        """The conversation was erased, or the messages whose ids the problem names."""
        return self.problem.type == ERASED


class AgentReplaced(BackendError):
    """The backend stored nothing; it takes the same without the agent's epoch."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)


class RoomMoved(BackendError):
    """The agent was asked for when its room had another conversation; it has no place there."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)


class BackendProtocolError(BackendError):
    """An answer that is not of the wire type."""
