"""The approximate indexes of large conversations: binary codes and HNSW."""
