"""What a question asks for: messages that tell it before those that only share its words."""
