"""Embeds everything that is pending, by command."""
