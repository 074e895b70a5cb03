"""Keys, as requests carry them."""


def is_sendable(key: str) -> bool:
    """Whether a header can have it."""
    return key.isascii() and key.isprintable()
