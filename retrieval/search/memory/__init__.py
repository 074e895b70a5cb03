"""Conversations searched lately, in compact arrays; PostgreSQL stays the truth."""
