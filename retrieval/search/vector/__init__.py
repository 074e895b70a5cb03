"""Vector search: exact cosines, binary codes, HNSW."""
