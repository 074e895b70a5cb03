"""What others wrote, fit for a terminal."""


def plain(text: str) -> str:
    """On one line, without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)
