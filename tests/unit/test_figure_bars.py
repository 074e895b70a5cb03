"""Bars of a score's parts: on one scale, less than nothing to the left."""

from backend_stub.inspector.conversation.bars import bars, score_bars


def test_equal_values_of_several_hits_are_equally_long() -> None:
    first, second = score_bars([{"meaning": 3.0, "repeat": -1.0}, {"meaning": 1.5}])

    meaning, repeat = first
    assert (meaning.start, meaning.width) == (25.0, 75.0)
    assert (repeat.start, repeat.width, repeat.is_negative) == (0.0, 25.0, True)
    assert (second[0].start, second[0].width) == (25.0, 37.5)


def test_the_parts_of_all_hits_stand_in_one_order() -> None:
    known, other = score_bars([{"new_part": 1.0, "words": 1.0, "meaning": 1.0}, None])

    assert [bar.name for bar in known] == ["meaning", "words", "new part"]
    assert other == []


def test_what_is_nothing_has_no_length() -> None:
    assert [bar.width for bar in bars({"a": 0.0}, lowest=0.0, highest=0.0)] == [0.0]
