"""From facts about a candidate to its score."""
