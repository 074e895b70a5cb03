"""What is stored beside the messages so that a search finds them: terms, vocabulary, metadata."""
