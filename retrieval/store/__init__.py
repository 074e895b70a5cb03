"""The tables: conversations, messages, events, sessions, workers."""
