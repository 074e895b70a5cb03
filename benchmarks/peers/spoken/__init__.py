"""Memories that others attach to a LiveKit agent, and ours: one module each, with `open_memory`."""
