"""Durable, ordered writes to the backend."""
