"""Draws docs/architecture.md and its pictures from the code."""
