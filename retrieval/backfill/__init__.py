"""The backfill command."""
