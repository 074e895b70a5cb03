"""Greetings, thanks and other small talk, for which a search finds nothing."""

from retrieval.search.query.small_talk.detection import is_greeting_of, is_small_talk
from retrieval.search.query.small_talk.titles import Title, Use, possible_title, use_of

__all__ = ["Title", "Use", "is_greeting_of", "is_small_talk", "possible_title", "use_of"]
