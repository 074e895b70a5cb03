"""How many searches, with how many tokens of results, the model may still make for one answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_LEAST_TOKENS = 100  # the frame of a recalled block and a line


@dataclass
class Grant:
    """Of one search. `spent` is what its result really took."""

    tokens: int
    spent: int = 0


class ToolAllowance:
    """`calls` and `tokens` for each question."""

    def __init__(self, *, calls: int, tokens: int) -> None:
        self._calls = calls
        self._tokens = tokens
        self._question_id: str | None = None
        self._calls_left = calls
        self._tokens_left = tokens

    def begin(self, question_id: str | None) -> None:
        """Call before each step; the steps of one question share."""
        if question_id != self._question_id:
            self._question_id = question_id
            self._calls_left, self._tokens_left = self._calls, self._tokens

    @property
    def is_used_up(self) -> bool:
        return self._calls_left <= 0 or self._tokens_left < _LEAST_TOKENS

    @contextmanager
    def search(self, *, tokens: int) -> Iterator[Grant | None]:
        """At most `tokens`; None if nothing is left. Several may run at once."""
        if self.is_used_up:
            yield None
            return
        grant = Grant(min(tokens, self._tokens_left))
        self._calls_left -= 1
        self._tokens_left -= grant.tokens
        try:
            yield grant
        finally:
            self._tokens_left += grant.tokens - grant.spent
