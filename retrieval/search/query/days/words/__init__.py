"""How a language's table of words for days becomes patterns."""
