"""How much is sent at once, and how long its answer is waited for: what the backend can take."""

from collections.abc import Sequence

from agent.outbox.delivery import within_words, words_of
from agent.outbox.storage.entry import Entry
from retrieval.wire import SENT_WORDS

LONGEST_S = 30.0
AT_ONCE_S = 1.0
"""A failure that comes so soon says nothing about the batch."""


class Pace:
    """A batch that is too much is halved, and doubled again up to `most_entries`.

    A busy backend that cannot take a batch in time might never take it, all the less while it gets
    it again and again from every room. A single entry is given more time, up to LONGEST_S.
    """

    def __init__(self, most_entries: int, *, timeout_s: float) -> None:
        self._most_entries = most_entries
        self._timeout_s = timeout_s
        self._most_words = SENT_WORDS
        self.entries = most_entries
        self.timeout_s = timeout_s

    def within_words(self, batch: Sequence[Entry]) -> list[Entry]:
        return within_words(batch, self._most_words)

    def taken(self) -> None:
        self.entries = min(self._most_entries, self.entries * 2)
        self.timeout_s = self._timeout_s

    def failed(self, batch: Sequence[Entry], *, after_s: float) -> None:
        """The backend gave no answer for so long, or one that it is not available."""
        timed_out = after_s >= self.timeout_s
        if timed_out or after_s >= AT_ONCE_S:
            self.too_much(batch)
        if timed_out and len(batch) == 1:
            self.timeout_s = max(self.timeout_s, min(2 * self.timeout_s, LONGEST_S))

    def too_much(self, batch: Sequence[Entry]) -> None:
        self.entries = max(1, len(batch) // 2)

    def too_many_words(self, batch: Sequence[Entry]) -> None:
        """This backend takes fewer at a time: else every second batch would be refused."""
        self._most_words = words_of(batch) // 2
