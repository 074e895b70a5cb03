"""Cosines with a query, and the nearest of them."""
