"""Where recalled messages begin and end: a tag with a number that nobody could know beforehand."""

import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

_NAME: Final = "recalled_messages"
_NONCE_BYTES: Final = 4
# Letters of other scripts that look like those of the name; what NFKD resolves is not among them.
_LOOKALIKES: Final = {
    "r": "г\u1d26ʀꭇꮁ\u13a1ꓣ",
    "e": "еєҽεɛᴇ\u13acꓰ3℮",
    "c": "сϲᴄ\u13dfꓚ",
    "a": "аαɑᴀ\u13aaꓮ4@",
    "l": "ӏіιıɩʟ\u13deꓡ1i",
    "d": "ԁᴅ\u13a0ꓓ",
    "m": "мμᴍ\u13b7ꓟ",
    "s": "ѕσςꜱ\u13daꓢ5$",
    "g": "ɡցɢ\u13c0ꓖ96",
}
_OF_LOOKALIKE: Final = {char: letter for letter, all_ in _LOOKALIKES.items() for char in all_}
# Letters white on black, and those of which flags are made.
_WHITE_LETTERS: Final = (0x1F150, 0x1F170, 0x1F1E6)
_BETWEEN: Final = r"[\W_]{0,3}"
_SPELLED: Final = _BETWEEN.join("recalled") + r"[\W_]{0,6}" + _BETWEEN.join("messages")
# "<", "/", "[" and whatever else, also escaped; not what stands before a word in a sentence.
_OPENED: Final = (
    r"(?:[^\w\s.,;:!?'\"()>*#`+=~\u2010-\u201f\u2026-]"
    r"|&lt|&\#x?0*(?:g0|ec)|\\[ux]0*ec|%ec)"  # as _letters() leaves them
)
_CLOSING_MARK: Final = r"(?:[>\]}\uff1e\u203a\u3009\u232a\u27e9\u276f]|&gt;?)"
_CLOSED: Final = rf"(?:[\W_]{{0,8}}?(?:\s?[\w=\"'/-]{{1,24}}\s?)?{_CLOSING_MARK}+)?"
_TAG: Final = re.compile(rf"{_OPENED}[\W_]{{0,8}}{_SPELLED}{_CLOSED}")
_BLOCK: Final = re.compile(rf"<{_NAME} ([0-9a-f]+)>\n.*\n</{_NAME} \1>", re.DOTALL)


@dataclass(frozen=True)
class Delimiter:
    """New for each block."""

    nonce: str = field(default_factory=partial(secrets.token_hex, _NONCE_BYTES))

    @property
    def opening(self) -> str:
        return f"<{_NAME} {self.nonce}>"

    @property
    def closing(self) -> str:
        return f"</{_NAME} {self.nonce}>"


def is_block(text: str) -> bool:
    """Whether it is quoted already."""
    return _BLOCK.fullmatch(text) is not None


def untagged(text: str) -> str:
    """Without what could be read as such a tag, however it is spelled.

    None of them could end a block. They are taken away for models that read inexactly.
    """
    kept, end = [], 0
    for tag in _TAG.finditer(_letters(text)):
        kept += [text[end : tag.start()], "(recalled messages)"]
        end = tag.end()
    return "".join([*kept, text[end:]])


def _letters(text: str) -> str:
    """Each character as the small Latin letter that it looks like; as long as `text`."""
    return "".join(map(_letter, text))


@lru_cache(maxsize=4_096)
def _letter(char: str) -> str:
    for first in _WHITE_LETTERS:
        if first <= ord(char) < first + 26:
            char = chr(ord("a") + ord(char) - first)
    if letter := _OF_LOOKALIKE.get(char):  # some would not be lookalikes once they are decomposed
        return letter
    small = unicodedata.normalize("NFKD", char)[:1].casefold()[:1]
    return _OF_LOOKALIKE.get(small, small)
