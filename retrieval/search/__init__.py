"""Finds the messages of one conversation that answer a query."""

from retrieval.search.conversation_search import search_conversation

__all__ = ["search_conversation"]
