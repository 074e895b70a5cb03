"""The backend search API: HTTP over `retrieval`."""
