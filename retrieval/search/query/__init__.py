"""What a query asks for: words, people, dates, filters."""
