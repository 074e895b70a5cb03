"""One outbox file: its format, its lock and mark, and what is saved of a damaged one."""
