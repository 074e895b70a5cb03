"""What was said, as data in a prompt: quoted, attributed, and nothing in it that could pose."""
