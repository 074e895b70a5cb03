"""Measures the search on conversations with questions whose evidence is known."""
