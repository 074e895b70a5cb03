"""Whether rooms in memory answer as the database does, whatever is asked and changed."""
