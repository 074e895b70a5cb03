"""Which pieces of a memory an agent gets."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MemoryOptions:
    """Each piece can be left out. What is said is stored, and the prompt bounded, in any case.

    `window`: each agent starts with the newest messages of the conversation.
    `recall`: earlier messages that matter are placed before a question.
    `search_tool`: the model may search the conversation by itself.
    `introduction`: who is present is added to the instructions.
    `typed_text`: everyone's typed messages are answered, one after the other. Without it LiveKit's
    own text input answers those of the linked participant.
    `statuses`: senders are told how their question fares.
    `recall_notices`: who asks for it is shown what is being recalled.
    `turn_traces`: what each turn recalled and why is kept, in ids and figures.
    `remember_tools`: names of the tools whose calls are stored in a short form, True for all.
    """

    window: bool = True
    recall: bool = True
    search_tool: bool = True
    introduction: bool = True
    typed_text: bool = True
    statuses: bool = True
    recall_notices: bool = True
    turn_traces: bool = True
    remember_tools: bool | Collection[str] = False

    def remembers_tool(self, name: str) -> bool:
        if isinstance(self.remember_tools, bool):
            return self.remember_tools
        return name in self.remember_tools


EVERYTHING = MemoryOptions()
