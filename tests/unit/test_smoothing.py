"""The context vector, computed by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np

from retrieval.embeddings.smoothing import MessageState, neighbours, smoothed

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def _message(minutes: float, *, pending: bool = False, quiet: bool = False) -> MessageState:
    return MessageState(NOON + timedelta(minutes=minutes), words=5, pending=pending, quiet=quiet)


def _rows(*rows: tuple[float, ...]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(rows, dtype=np.float32)


def test_a_message_takes_in_two_before_and_one_after() -> None:
    messages = {seq: _message(seq) for seq in range(1, 6)}
    assert neighbours(messages, 3) == [(2, 0.8), (1, 0.3), (4, 0.4)]


def test_the_first_message_has_only_a_successor() -> None:
    assert neighbours({1: _message(0), 2: _message(1)}, 1) == [(2, 0.4)]


def test_the_newest_message_waits_for_its_successor() -> None:
    assert neighbours({1: _message(0), 2: _message(1)}, 2) is None


def test_the_newest_message_is_complete_after_a_quiet_while() -> None:
    assert neighbours({1: _message(0), 2: _message(1, quiet=True)}, 2) == [(1, 0.8)]


def test_a_message_waits_for_the_embeddings_of_its_neighbours() -> None:
    for seq in (1, 2, 4):
        messages = {seq: _message(seq) for seq in range(1, 6)}
        messages[seq] = _message(seq, pending=True)
        assert neighbours(messages, 3) is None


def test_nothing_is_shared_across_a_long_silence() -> None:
    messages = {1: _message(0), 2: _message(1), 3: _message(1 + 6 * 60), 4: _message(2 + 12 * 60)}
    assert neighbours(messages, 2) == [(1, 0.8), (3, 0.4)]
    assert neighbours(messages, 3) == [(2, 0.8), (1, 0.3)]
    messages[2] = _message(0.5)
    assert neighbours(messages, 3) == []


def test_a_neighbour_across_a_silence_is_not_waited_for() -> None:
    messages = {1: _message(0, pending=True), 2: _message(600), 3: _message(1200, pending=True)}
    assert neighbours(messages, 2) == []


def test_a_message_that_was_erased_is_no_neighbour() -> None:
    messages = {1: _message(0), 3: _message(2), 4: _message(3)}
    assert neighbours(messages, 3) == [(4, 0.4)]


def test_short_messages_take_their_neighbours_in_full() -> None:
    own = _rows((1, 0, 0, 0))
    mixed_in = [(_rows((0, 1, 0, 0)), 0.8), (_rows((0, 0, 1, 0)), 0.3), (_rows((0, 0, 0, 1)), 0.4)]
    length = (1 + 0.64 + 0.09 + 0.16) ** 0.5
    expected = np.array([[1, 0.8, 0.3, 0.4]]) / length
    assert np.allclose(smoothed(own, words=30, mixed_in=mixed_in), expected)


def test_long_messages_take_them_in_proportion() -> None:
    row = smoothed(_rows((1, 0)), words=120, mixed_in=[(_rows((0, 1)), 0.8)])
    assert np.allclose(row, np.array([[1, 0.2]]) / 1.04**0.5)


def test_every_passage_takes_the_neighbours_in() -> None:
    rows = smoothed(_rows((1, 0), (0, 1)), words=60, mixed_in=[(_rows((0, 1)), 0.8)])
    assert np.allclose(rows, [np.array([1, 0.4]) / 1.16**0.5, [0, 1]])


def test_a_neighbour_with_several_passages_counts_as_their_mean() -> None:
    row = smoothed(_rows((0, 0, 1)), words=1, mixed_in=[(_rows((1, 0, 0), (0, 1, 0)), 0.4)])
    half = 0.4 / 2**0.5
    assert np.allclose(row, np.array([[half, half, 1]]) / 1.16**0.5)


def test_a_message_alone_stays_as_it_is() -> None:
    assert np.allclose(smoothed(_rows((0.6, 0.8)), words=3, mixed_in=[]), [[0.6, 0.8]])
