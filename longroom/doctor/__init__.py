"""Looks at an installation and its surroundings, and says how to mend what it finds."""
