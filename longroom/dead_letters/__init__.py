"""Entries that the backend refused for good, in all outboxes of a data folder."""
