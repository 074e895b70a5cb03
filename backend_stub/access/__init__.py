"""Who calls, what he may do, and how much of it."""
