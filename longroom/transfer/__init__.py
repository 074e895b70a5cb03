"""Import and export of conversations as JSONL."""
