"""The worker process, and the job processes that it starts: one per room."""
