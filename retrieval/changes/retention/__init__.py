"""Removes messages, events and sessions when they are as old as a rule says."""
