"""What a conversation is made of: its window, a question, text fit to be stored."""
