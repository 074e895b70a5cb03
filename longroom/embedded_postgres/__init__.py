"""A PostgreSQL of our own for newcomers and tests."""
