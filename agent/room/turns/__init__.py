"""Whose question is answered when, and who is told."""
