"""What one turn cost and how it ended."""

from dataclasses import dataclass

from agent.question import Outcome
from agent.recall.recall import Recalled


@dataclass(frozen=True)
class TurnTrace:
    """`window_messages` is what the agent remembers, `conversation_messages` what there is."""

    answer: str
    outcome: Outcome
    recalled: Recalled
    window_messages: int
    conversation_messages: int
