"""Storing, embedding and searching messages in PostgreSQL."""
