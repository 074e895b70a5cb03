"""Why the language model gave no answer, and whether to ask it again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from livekit.agents import APIError, APIStatusError, APITimeoutError

from agent.llm.dialects.retry_after import RetryAfter

Reason = Literal[
    "rate_limited",
    "model_error",
    "model_timeout",
    "model_unreachable",
    "model_refused",
    "empty_answer",
    "only_tool_calls",
    "broken_stream",
    "turn_timeout",
]
"""`model_refused`: it would refuse again; `broken_stream`: the answer began and did not end."""


@dataclass(frozen=True)
class ModelFailure:
    """`retry_after_s` if the server said when to ask again."""

    reason: Reason
    is_passing: bool = True
    retry_after_s: float | None = None


EMPTY = ModelFailure("empty_answer")
ONLY_CALLS = ModelFailure("only_tool_calls")
BROKEN = ModelFailure("broken_stream", is_passing=False)


def failure_of(error: Exception) -> ModelFailure:
    chain = list(_chain(error))
    statuses = [e.status_code for e in chain if isinstance(e, APIStatusError)]
    if statuses:
        waits = [e.seconds for e in chain if isinstance(e, RetryAfter)]
        return _of_status(statuses[0], max(waits, default=None))
    if any(isinstance(e, APITimeoutError) for e in chain):
        return ModelFailure("model_timeout")
    if not isinstance(error, APIError):
        return ModelFailure("model_error", is_passing=False)
    is_lost = any(map(_is_transport_error, chain))
    return ModelFailure("model_unreachable" if is_lost else "model_error")


_ASK_AGAIN = (408, 409, 425)


def _of_status(status: int, retry_after_s: float | None) -> ModelFailure:
    if status == 429:
        return ModelFailure("rate_limited", retry_after_s=retry_after_s)
    if status >= 500 or status in _ASK_AGAIN:
        return ModelFailure("model_error", retry_after_s=retry_after_s)
    return ModelFailure("model_refused", is_passing=False)


def _is_transport_error(error: BaseException) -> bool:
    """By name: a chat without a model starts without the HTTP client of one."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return "BadAnswer" not in names and not names.isdisjoint({"TransportError", "OSError"})


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes."""
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__
