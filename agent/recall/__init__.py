"""What a turn gets from the past: found ahead of time, placed before the question."""
