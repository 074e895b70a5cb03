"""The agent worker: rooms, sessions, the rolling window, recall and the outbox."""
