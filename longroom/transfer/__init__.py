"""Conversations into a room and out of it again: JSONL, any length."""
