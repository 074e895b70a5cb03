"""The backend search API: a thin HTTP face over retrieval."""
