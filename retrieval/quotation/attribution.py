"""Who said it, as a model is told: no name ends its quotation, and none poses as a role."""

import re
from typing import Final

from retrieval.quotation.control_tokens import harmless
from retrieval.quotation.delimiter import untagged
from retrieval.wire import Role

# What could end a quoted name, or look as if it did.
_QUOTATION_MARKS: Final = re.compile(
    '["\u201c-\u201f\xab\xbb\u2033\u2036\u301d-\u301f\uff02\u275d\u275e\u02ba\u02ee\u05f4]'
)
_ATTRIBUTED: Final = re.compile(r'\A\[user "[^"\n]*"\] ')
_MAX_SPEAKER_CHARS: Final = 64


def attribution(role: Role, name: str) -> str:
    """Like `user "mia"`: on one line, and no name ends its quotation to write a role."""
    shown = _QUOTATION_MARKS.sub("'", untagged(harmless(name))).replace("\\", "/")
    return f'{role} "{" ".join(shown.split())[:_MAX_SPEAKER_CHARS] or "?"}"'


def attributed(text: str, role: Role, name: str) -> str:
    """Like `[user "mia"] text`, for messages that are not quoted."""
    return f"[{attribution(role, name)}] {text}"


def without_attribution(text: str) -> str:
    return _ATTRIBUTED.sub("", text, count=1)
