"""Analysis of texts, of messages and queries alike: words, stems, terms, passages, traits."""
