"""Changes of what is stored: conversations and parts of them are erased, messages corrected."""
