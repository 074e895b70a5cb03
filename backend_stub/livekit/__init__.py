"""Rooms and dispatches on the LiveKit server."""
