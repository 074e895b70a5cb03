"""Searches of rooms in memory beside all that may be in their way."""
