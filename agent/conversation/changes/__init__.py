"""What was erased or corrected while a conversation's agent lives: how it learns of it."""
