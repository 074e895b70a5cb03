"""Connections to PostgreSQL, and schema migrations."""
