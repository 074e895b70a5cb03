"""Analysis of a message's text: passages, exact terms, traits."""
