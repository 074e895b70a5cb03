"""What is read from a message's text: passages, exact terms, traits."""
