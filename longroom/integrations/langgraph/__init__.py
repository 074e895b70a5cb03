"""LangGraph: a store that keeps its items in a conversation, found by meaning and by words."""

from longroom.integrations.langgraph.store import LongroomStore

__all__ = ["LongroomStore"]
