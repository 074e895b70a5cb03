"""Longroom in other frameworks: a folder each, which needs that framework and the client."""
