"""Text of other programs, as a message takes it."""

from retrieval.wire import MAX_CONTENT_CHARS

CUT = " … (cut)"


def storable_text(text: str) -> str:
    """Without what PostgreSQL cannot store, and cut to a message's length."""
    clean = text.replace("\x00", "").encode(errors="replace").decode()
    if len(clean) <= MAX_CONTENT_CHARS:
        return clean
    return clean[: MAX_CONTENT_CHARS - len(CUT)] + CUT
