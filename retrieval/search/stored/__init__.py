"""What a search asks of a conversation, answered by the database."""
