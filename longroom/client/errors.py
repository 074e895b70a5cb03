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
NO_REASON = "no reason was given"


class BackendError(Exception):
    """The root of what the client raises. `url`: whom it asked, without user and password;
    `with_key`: whether it sent one.
    """

    url = ""
    with_key = False


class BackendUnavailable(BackendError):
    """Timeout, no connection, overload, or a 5xx. `status` and `retry_after_s` if it gave them."""

    def __init__(
        self, reason: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"the backend is unavailable: {reason}")
        self.status = status
        self.retry_after_s = retry_after_s


class BackendRejected(BackendError):
    """A 4xx; `problem` is what is wrong."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(f"the backend refused ({status}): {_said(problem)}")
        self.status = status
        self.problem = problem

    @property
    def gave_no_reason(self) -> bool:
        """As what is no backend does: another program at its address, a proxy before it."""
        return self.problem.detail == NO_REASON

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


def _said(problem: Problem) -> str:
    """What is wrong, once: a backend may repeat a field's error as the detail."""
    fields = [f"{error.field}: {error.message}" for error in problem.errors]
    repeated = any(error.message in problem.detail for error in problem.errors)
    return "; ".join(fields if repeated else [problem.detail, *fields])
