"""Import of conversations from several formats, and export as JSONL."""
