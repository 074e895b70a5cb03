"""What a conversation adds to a LiveKit session and its agents."""
