"""Requests to the language model, repeated while they fail; what is said if none helps."""
