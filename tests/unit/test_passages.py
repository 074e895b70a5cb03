import re

import pytest

from retrieval.text import passages


def _words(count: int, word: str = "word") -> str:
    return " ".join(f"{word}{number}" for number in range(count))


def test_a_message_of_130_words_is_one_passage_as_it_stands() -> None:
    text = "  " + _words(130) + "\n"

    assert passages.split(text) == [text]


def test_a_message_of_131_words_becomes_overlapping_passages_of_at_most_90_words() -> None:
    parts = passages.split(_words(131))

    assert len(parts) == 2
    assert all(len(part.split()) <= 90 for part in parts)
    assert set(parts[0].split()) & set(parts[1].split())


@pytest.mark.parametrize(
    "text",
    [
        _words(1000),
        " ".join(f"Sentence {number} is short." for number in range(200)),
        "\n".join(f"line {number} of the log" for number in range(300)),
        "".join(f"{number:04x}" for number in range(5000)),
        "".join(f"日本語の{number}番目の文章です。" for number in range(300)),
        "```\n" + _words(400) + "\n```\nafter " + _words(200),
    ],
    ids=["words", "sentences", "lines", "one giant word", "no spaces", "code and prose"],
)
def test_passages_are_parts_of_the_message_and_miss_nothing(text: str) -> None:
    parts = passages.split(text)

    at = 0
    for part in parts:
        start = text.find(part, max(0, at - len(part)))
        assert start >= 0
        assert text[at:start].strip() == ""
        at = start + len(part)
    assert text[at:].strip() == ""
    assert len(parts) > 1


def test_passages_end_where_sentences_end() -> None:
    text = " ".join(f"This is sentence number {number} of many." for number in range(60))

    assert all(part.endswith("many.") for part in passages.split(text))


def test_a_code_block_that_fits_is_not_cut() -> None:
    code = "```python\n" + "\n".join(f"x_{i} = compute({i}, 1)" for i in range(25)) + "\n```"
    text = _words(85) + "\n" + code + "\n" + _words(85)

    assert any(code in part for part in passages.split(text))


def test_a_giant_word_is_cut_by_characters() -> None:
    parts = passages.split("QUJD" * 5000)

    assert all(len(part) <= 90 * 6 + 1 for part in parts)


def test_the_number_of_passages_of_the_largest_message_is_bounded() -> None:
    assert len(passages.split("漢" * 65_536)) < 1000
    assert len(passages.split("a " * 32_768)) < 1000


def test_an_unclosed_code_block_is_kept() -> None:
    text = _words(100) + "\n```\n" + _words(100, "code")

    joined = " ".join(passages.split(text))

    assert re.search(r"\bcode99\b", joined)


def test_the_embedded_text_tells_who_speaks() -> None:
    assert passages.document_text("Ada", "I like tea") == "Ada: I like tea"
