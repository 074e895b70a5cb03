"""The connection to PostgreSQL, and the schema it must have."""
