"""Lines are broken between words, in whatever pieces a text arrives."""

import pytest
from rich.cells import cell_len

from longroom.chat.word_wrap import WordWrap, wrapped

ENGLISH = (
    "The spare fuse is in the blue tin, behind the extraordinarily heavy box of lamps.\n\n  Done."
)
CHINESE = "备用保险丝在蓝色的罐子里，就在灯箱后面。请不要忘记：周五之前（中午）把它放回去！"
MIXED = "Order PW-20417 went to 横滨 yesterday。ご確認をお願いします。 Thanks!"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, MIXED])
@pytest.mark.parametrize("width", [20, 33, 40, 80])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_no_line_is_too_long_and_nothing_is_lost(text: str, width: int, size: int) -> None:
    wrap = WordWrap(lambda: width)
    pieces = [wrap.feed(text[at : at + size]) for at in range(0, len(text), size)]
    lines = ("".join(pieces) + wrap.end()).split("\n")
    assert max(map(cell_len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert "\n".join(lines) == wrapped(text, width)


@pytest.mark.parametrize("width", [20, 33, 40])
def test_no_word_is_broken_that_fits_a_line(width: int) -> None:
    assert wrapped(ENGLISH, width).split() == ENGLISH.split()


def test_text_without_spaces_fills_its_lines_and_no_line_begins_with_a_closing_mark() -> None:
    lines = wrapped(CHINESE, 21).split("\n")
    assert all(cell_len(line) >= 16 for line in lines[:-1])
    assert not any(line.startswith(("，", "。", "：", "）", "！")) for line in lines)
    assert not any(line.endswith("（") for line in lines)


def test_only_a_word_longer_than_a_line_is_broken() -> None:
    assert wrapped("see " + "x" * 25 + " now", 10) == "see\nxxxxxxxxxx\nxxxxxxxxxx\nxxxxx now"


def test_indentation_and_empty_lines_stay() -> None:
    assert wrapped("a\n\n    b\tc", 20) == "a\n\n    b    c"


def test_the_width_is_asked_for_each_word() -> None:
    width = 40
    wrap = WordWrap(lambda: width)
    first = wrap.feed("one two three four five six ")
    width = 10
    second = wrap.feed("seven eight nine ten") + wrap.end()
    assert first + second == "one two three four five six\nseven\neight nine\nten"


def test_combining_characters_take_no_room() -> None:
    assert wrapped("cafe\u0301 cafe\u0301", 9) == "cafe\u0301 cafe\u0301"
