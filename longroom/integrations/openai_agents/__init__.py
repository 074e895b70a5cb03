"""OpenAI Agents SDK: a session whose window stays small, and recall of what lies before it."""

from longroom.integrations.openai_agents.recall import RecallFilter
from longroom.integrations.openai_agents.session import LongroomSession

__all__ = ["LongroomSession", "RecallFilter"]
