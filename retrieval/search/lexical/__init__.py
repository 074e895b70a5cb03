"""Word search: where words occur, BM25, misspelt words."""
