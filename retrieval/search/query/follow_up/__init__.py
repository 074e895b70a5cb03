"""Queries that lean on earlier turns, read in their context."""
