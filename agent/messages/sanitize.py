"""Makes any text storable: what the outbox accepts, the backend must be able to store."""

import unicodedata

from retrieval.wire import MAX_CONTENT_CHARS, MAX_NAME_CHARS

CUT_NOTICE = "\n[cut: the message was longer than can be stored]"
EMPTY_NOTICE = "[empty message]"


def storable_content(text: str) -> str:
    """Removes NUL and lone surrogates; adds a notice if blank or cut."""
    clean = _well_formed(text)
    if not clean.strip():
        return EMPTY_NOTICE
    if len(clean) <= MAX_CONTENT_CHARS:
        return clean
    return clean[: MAX_CONTENT_CHARS - len(CUT_NOTICE)] + CUT_NOTICE


def storable_name(name: str, *, default: str) -> str:
    """One line, no control characters, cut; `default` if empty."""
    visible = "".join(
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in _well_formed(name)
    )
    return " ".join(visible.split())[:MAX_NAME_CHARS].strip() or default


def _well_formed(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
