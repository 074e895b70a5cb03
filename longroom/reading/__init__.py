"""What the commands that only read show of a backend: rooms, messages and hits."""
