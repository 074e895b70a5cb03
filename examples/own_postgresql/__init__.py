"""Messages in a PostgreSQL of your own, fed into Longroom: docs/guides/own-postgresql.md."""
