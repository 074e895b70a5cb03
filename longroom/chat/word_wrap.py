"""Breaks text into lines between words, also while it arrives in pieces."""

import re
from collections.abc import Callable

from rich.cells import cell_len, chop_cells

# Chinese and Japanese have no spaces: a line may end after each character. Closing marks stay with
# the character before them, opening ones with the one behind.
_OPENING = "「『（【《〈〔［｛"
_CLOSING = "、。，．・：；？！）］｝〉》」』】〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"
_UNSPACED = (
    r"\u3001-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60"
    r"\U00020000-\U0003ffff"
)
_NO_BREAK = r"\u00a0\u202f"
_UNITS = re.compile(
    rf"\n"
    rf"|[^\S\n{_NO_BREAK}]+"
    rf"|[{_OPENING}]*[{_UNSPACED}][{_CLOSING}]*"
    rf"|(?:[^\s{_UNSPACED}]|[{_NO_BREAK}])+[{_CLOSING}]*"
)
_TAB = " " * 4


class WordWrap:
    """Calls `width` for each word: terminals are resized. Breaks only words longer than a line."""

    def __init__(self, width: Callable[[], int]) -> None:
        self._width = width
        self._column = 0
        self._spaces = ""
        self._last = ""

    @property
    def within_line(self) -> bool:
        return self._column > 0

    def feed(self, text: str) -> str:
        """Returns what can be printed now; keeps back the last word, as it may go on."""
        units = _UNITS.findall(self._last + text)
        self._last = units.pop() if units else ""
        return "".join(map(self._placed, units))

    def end(self) -> str:
        """Returns the last word; later text begins a line."""
        last, self._last = self._last, ""
        placed = self._placed(last)
        self.start_line()
        return placed

    def start_line(self) -> None:
        """For when other output has ended the line."""
        self._column = 0
        self._spaces = ""

    def _placed(self, unit: str) -> str:
        if unit == "\n":
            self.start_line()
            return unit
        if unit.isspace():
            self._spaces += unit.replace("\t", _TAB)
            return ""
        spaced = self._spaces + unit
        self._spaces = ""
        if self._column + cell_len(spaced) <= self._width():
            self._column += cell_len(spaced)
            return spaced
        return self._on_new_line(unit)

    def _on_new_line(self, word: str) -> str:
        parts = chop_cells(word, max(2, self._width()))  # no character is wider than two cells
        before = "\n" if self.within_line else ""
        self._column = cell_len(parts[-1]) if parts else 0
        return before + "\n".join(parts)


def wrapped(text: str, width: int) -> str:
    wrap = WordWrap(lambda: width)
    return wrap.feed(text) + wrap.end()
