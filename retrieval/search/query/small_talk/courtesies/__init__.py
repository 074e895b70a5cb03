"""Greetings, thanks, wishes and acknowledgements in many languages."""
