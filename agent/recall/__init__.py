"""Past messages for a turn: found ahead of time, placed before the question."""
