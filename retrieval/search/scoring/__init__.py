"""The score of a message, and whether the best are relevant."""
