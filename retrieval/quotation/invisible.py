"""Characters that a reader does not see and a language model reads: a sentence fits into them."""

import re
from typing import Final

_INVISIBLE: Final = (
    # Controls, but for the tab and the separators of lines.
    r"\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"
    # Soft hyphen, marks of direction, fillers, inherent vowels, variation selectors, joiners.
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    # Controls of hieroglyphs, shorthand and notes; tags and the selectors beyond.
    r"\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
_EMOJI: Final = (
    r"\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2934\u2935\u2b00-\u2bff"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
# Arabic to Myanmar, Khmer and Mongolian, the scripts of South Asia, and their later blocks.
_JOINING: Final = (
    r"\u0600-\u109f\u1780-\u180a\u1810-\u18af\u1900-\u1cff\ua840-\ua8ff\ua980-\ua9ff\uaa60-\uaaff"
    r"\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010eff\U00011000-\U000117ff"
    r"\U0001e900-\U0001e95f"
)
# England, Scotland, Wales: the flags that are written with tags.
_FLAGS: Final = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(char)) for char in name) + "\U000e007f"
    for name in ("gbeng", "gbsct", "gbwls")
)
_SEEN: Final = re.compile(
    rf"({_FLAGS}"
    rf"|[0-9#*]\ufe0f\u20e3|(?<=[{_EMOJI}])\ufe0f"
    rf"|(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d(?=[{_EMOJI}])"
    rf"|(?<=[{_JOINING}])[\u200c\u200d](?![\u200c\u200d]))"
    rf"|[{_INVISIBLE}]"
)


def visible(text: str) -> str:
    """Without them, but for those that letters and emoji beside them need to be read."""
    return _SEEN.sub(lambda found: found[1] or "", text)
