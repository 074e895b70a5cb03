"""Makes any text storable: what the outbox accepts, the backend must be able to store."""

import unicodedata

from retrieval.wire import MAX_CONTENT_CHARS, MAX_NAME_CHARS

# Letters, marks and symbols that leave no ink: grapheme joiner, fillers, inherent vowels, blanks.
_INKLESS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159")

CUT_NOTICE = "\n[cut: the message was longer than can be stored]"
EMPTY_NOTICE = "[empty message]"


def storable_content(text: str) -> str:
    """Removes NUL and lone surrogates; adds a notice if nothing is to be seen of it, or if cut."""
    clean = _well_formed(text)
    if not is_visible(clean):
        return EMPTY_NOTICE
    if len(clean) <= MAX_CONTENT_CHARS:
        return clean
    return clean[: MAX_CONTENT_CHARS - len(CUT_NOTICE)] + CUT_NOTICE


def is_visible(text: str) -> bool:
    """Whether a reader sees anything: no white space, control, format or variation characters."""
    return any(_has_ink(char) for char in text)


def _has_ink(char: str) -> bool:
    if char in _INKLESS or "\U000e0000" <= char <= "\U000e0fff":  # tags, variation selectors
        return False
    # Marks only change the look of what they follow. Unassigned ones may be newer than this table.
    return unicodedata.category(char)[0] in "LNPS" or unicodedata.category(char) in {"Cn", "Co"}


def storable_name(name: str, *, default: str) -> str:
    """One line, no control characters, cut; `default` if empty."""
    visible = "".join(
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in _well_formed(name)
    )
    return " ".join(visible.split())[:MAX_NAME_CHARS].strip() or default


def _well_formed(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
