"""What a message is and how it is stored, embedded and found again."""
