"""Finds the messages of one conversation that answer a query."""

from retrieval.search.search import search_conversation

__all__ = ["search_conversation"]
