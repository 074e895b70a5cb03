"""Tells those who want to see it what is being recalled, also while somebody still speaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from agent.recall.recall import Recalled
from agent.recall.search_task import SearchState, SearchTask
from retrieval.wire import RetrievalHit

State = Literal["searching", "found", "nothing", "unavailable"]

MAX_HITS = 5


@dataclass(frozen=True)
class Notice:
    """`question_id` is given once the turn has begun; then it is the last one of the turn."""

    speaker: str
    state: State
    hits: Sequence[RetrievalHit] = ()
    question_id: str | None = None


class Audience(Protocol):
    """`tell` does not wait, and never raises; call it only if `is_there`."""

    @property
    def is_there(self) -> bool: ...
    def tell(self, notice: Notice) -> None: ...


class RecallNotices:
    def __init__(self, audience: Audience | None) -> None:
        self._audience = audience

    def searches(self, search: SearchTask) -> None:
        """Call when it begins, and when it has ended."""
        audience = self._audience
        if audience is None or not audience.is_there:
            return
        speaker = search.query.asker.identity
        if search.state is SearchState.RUNNING:
            audience.tell(Notice(speaker, "searching"))
        elif search.state is SearchState.FAILED:
            audience.tell(Notice(speaker, "unavailable"))
        else:
            found = search.response
            hits = found.hits[:MAX_HITS] if found.relevant else []
            audience.tell(Notice(speaker, "found" if hits else "nothing", hits))

    def placed(self, question_id: str, speaker: str, recalled: Recalled) -> None:
        audience = self._audience
        if audience is None or not audience.is_there:
            return
        hits = recalled.hits[:MAX_HITS]
        state: State = "found" if hits else "unavailable" if recalled.degraded else "nothing"
        audience.tell(Notice(speaker, state, hits, question_id))
