"""A conversation too large for memory: codes of its vectors, and what filters ask of each."""
