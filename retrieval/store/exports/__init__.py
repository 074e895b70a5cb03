"""Conversations, and what they have of one participant, read out whole; and written back."""
