"""Measures the search on conversations with labelled questions."""
