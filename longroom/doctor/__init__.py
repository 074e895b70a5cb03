"""Examines an installation: settings, data folder, database, embedding model, services."""
