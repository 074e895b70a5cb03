"""Word search: postings and BM25."""
