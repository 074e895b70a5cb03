"""PostgreSQL with pgvector from a Python package, for first use and tests."""
