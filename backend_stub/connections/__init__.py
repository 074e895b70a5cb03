"""Connections: how many, how slow, and in which HTTP."""
