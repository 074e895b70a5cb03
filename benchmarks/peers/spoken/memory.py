"""What each memory is given and must be able to do; needs nothing but LiveKit."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple, Protocol

from livekit.agents import Agent

from benchmarks.spoken import SpokenSession


class Exchange(NamedTuple):
    """What one person said, and what the agent answered, if it did."""

    said: str
    reply: str = ""


@dataclass(frozen=True)
class Job:
    """`owner`: whose memory it is. `store`: address of its database or server."""

    owner: str
    store: str
    models: str = ""
    folder: str = ""
    exchanges: Sequence[Exchange] = ()
    turns: Sequence[str] = ()
    questions: Sequence[str] = ()
    sessions: int = 1
    pause_s: float = 0.0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        given = json.loads(text)
        exchanges = [Exchange(*exchange) for exchange in given.pop("exchanges")]
        return cls(exchanges=exchanges, **given)


class Memory(Protocol):
    @property
    def version(self) -> str: ...

    @property
    def preemptive(self) -> bool:
        """Whether its authors leave preemptive generation on."""
        ...

    def join(self, spoken: SpokenSession) -> Agent:
        """An agent that recalls in this session as in their guide, and stores nothing."""
        ...

    async def remember(self, exchanges: Sequence[Exchange]) -> None:
        """Returns when all are stored and can be found."""
        ...

    async def hand(self, exchange: Exchange) -> None:
        """As their session events do: returns when they do, stored or not."""
        ...

    async def first_ten(self, question: str) -> list[str]:
        """Texts, best first."""
        ...

    async def stored(self) -> list[str]: ...

    async def aclose(self) -> None: ...
