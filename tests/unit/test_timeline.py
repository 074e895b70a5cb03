"""Positions in the order said: consecutive exactly for neighbours."""

from itertools import pairwise

import numpy as np

from retrieval.search.scoring.facts import Facts
from retrieval.store.timeline import Around, around_in_order, positions


def test_a_conversation_in_order_has_its_neighbours_by_seq() -> None:
    assert around_in_order([5], before=2, after=1) == {5: Around(before=[4, 3], after=[6])}


def test_what_was_said_one_after_another_has_consecutive_positions() -> None:
    position = positions({7: Around(before=[90, 3], after=[8]), 8: Around(before=[7], after=[50])})

    assert [position[seq] - position[3] for seq in (3, 90, 7, 8, 50)] == [0, 1, 2, 3, 4]


def test_stretches_of_which_nothing_between_is_known_stay_apart() -> None:
    near = {
        4: Around(before=[3], after=[5]),
        9: Around(before=[8], after=[10]),
        20: Around(before=[], after=[]),
    }
    position = positions(near)

    assert position.keys() == {3, 4, 5, 8, 9, 10, 20}
    neighbours = {
        (one, other)
        for one in position
        for other in position
        if position[other] - position[one] == 1
    }
    assert neighbours == {*pairwise((3, 4, 5)), *pairwise((8, 9, 10))}


def test_a_message_without_a_position_is_nobodys_neighbour() -> None:
    zeros = np.zeros(4, dtype=np.int64)
    facts = Facts(
        seq=np.array([8, 1, 2, 9]),
        position=zeros,
        spoken_at=np.zeros(4),
        speaker=zeros,
        traits=zeros,
        words=zeros,
        speaker_fit=zeros,
        allowed=zeros > 0,
    )

    position = facts.at_positions({8: 3, 9: 4}).position

    assert position[[0, 3]].tolist() == [3, 4]
    assert not (np.diff(position) == 1).any()


def test_a_stretch_said_between_two_others_does_not_make_these_neighbours() -> None:
    alone = Around(before=[], after=[])
    for seqs in ([4, 9, 20], [20, 9, 4], [9, 20, 4]):
        position = positions(dict.fromkeys(seqs, alone))

        assert min(abs(position[one] - position[other]) for one, other in pairwise(seqs)) > 10
        assert position == positions(dict.fromkeys(sorted(seqs), alone))
