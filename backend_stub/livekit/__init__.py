"""Rooms and agent dispatches on the LiveKit server."""
