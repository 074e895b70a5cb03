"""Reads a conversation into memory, in pages that never hold up the event loop for long."""
