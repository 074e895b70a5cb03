"""Stored embeddings: which are missing, how they are made, and how they are replaced."""
