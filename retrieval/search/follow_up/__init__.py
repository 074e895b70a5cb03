"""Queries that can only be understood in the light of what was said just before them."""
