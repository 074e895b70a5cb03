"""Fitting weights, on rankings small enough to see through."""

import numpy as np
import pytest

from longroom.evaluation.fitting import PARTS, Sample, fit, recalled, sample_of, search, worth
from longroom.evaluation.questions import LabelledQuestion
from longroom.evaluation.run import Answer
from retrieval.weights import Weights

MEANING, WORDS = PARTS.index("meaning"), PARTS.index("words")
EVEN = Weights(**dict.fromkeys(PARTS, 1.0))


def _parts(*, meaning: float, words: float, scale: float = 1.0) -> dict[str, float]:
    return dict.fromkeys(PARTS, 0.0) | {"meaning": scale * meaning, "words": scale * words}


def _answer(dialogue: str, *, scale: float = 1.0) -> Answer:
    """Twelve messages that are near, and a last one, the evidence, that has the words."""
    near = [_parts(meaning=0.5 + place / 100, words=0.0, scale=scale) for place in range(12)]
    return _found(dialogue, [*near, _parts(meaning=0.1, words=0.3, scale=scale)])


def _found(dialogue: str, parts: list[dict[str, float]]) -> Answer:
    """The last message is the evidence."""
    return Answer(
        dialogue=dialogue,
        question=LabelledQuestion("Which?", None, (str(len(parts) - 1),), "1", answerable=True),
        ranked=[(str(place), 10) for place in range(len(parts))],
        confidence=1.0,
        total_ms=1.0,
        parts=parts,
    )


def test_a_sample_holds_the_parts_without_their_weights() -> None:
    answer = _answer("one", scale=2.0)

    sample = sample_of([answer], start=Weights(**dict.fromkeys(PARTS, 2.0)))

    assert sample.parts[0, 12, [MEANING, WORDS]] == pytest.approx([0.1, 0.3])
    assert sample.share[0].tolist() == [0.0] * 12 + [1.0]


def test_what_is_found_depends_on_the_weights() -> None:
    sample = sample_of([_answer("one")], start=EVEN)
    by_words = np.ones(len(PARTS))
    by_words[WORDS] = 4.0

    assert recalled(sample, np.ones(len(PARTS))).tolist() == [0.0]
    assert recalled(sample, by_words, cut=1).tolist() == [1.0]
    assert worth(sample, np.ones(len(PARTS))) == 0.0


def test_questions_with_fewer_messages_are_padded_with_none() -> None:
    short = _found("two", [_parts(meaning=-1.0, words=0.0)])

    sample = sample_of([short, _answer("one")], start=EVEN)

    assert recalled(sample, np.ones(len(PARTS)), cut=1).tolist() == [1.0, 0.0]


def test_the_search_raises_what_finds_the_evidence() -> None:
    sample = sample_of([_answer("one")], start=EVEN)

    found = search(sample, np.ones(len(PARTS)))

    assert worth(sample, found) == 1.0
    assert found[WORDS] > found[MEANING]


def test_weights_stay_where_nothing_can_be_gained() -> None:
    sample = Sample(np.zeros((1, 3, len(PARTS))), np.array([[1.0, 0.0, 0.0]]), ["one"])

    assert search(sample, np.ones(len(PARTS))).tolist() == [1.0] * len(PARTS)


def test_a_fit_is_judged_where_it_was_not_made() -> None:
    alike = [_answer(name) for name in ("one", "two")]

    result = fit(alike, start=EVEN)

    assert result["r10_present"] == 0.0
    assert result["r10_fitted"] == 100.0
    assert result["r10_left_out"] == 100.0


def test_what_suits_one_conversation_may_harm_another() -> None:
    worded = [_parts(meaning=0.1, words=0.3)] * 12
    unlike = _found("two", [*worded, _parts(meaning=0.5, words=0.0)])

    result = fit([_answer("one"), unlike], start=EVEN)

    assert result["r10_present"] == 50.0
    assert result["r10_left_out"] == 0.0


def test_one_conversation_alone_cannot_be_left_out() -> None:
    assert fit([_answer("one")], start=EVEN)["r10_left_out"] is None


def test_a_part_without_weight_keeps_none() -> None:
    start = Weights(**(dict.fromkeys(PARTS, 1.0) | {"place": 0.0}))

    result = fit([_answer("one")], start=start)

    assert result["weights"]["place"] == 0.0
