from retrieval.search.hits import Chosen, add_neighbours, choose
from retrieval.store.timeline import Around, around_in_order


def test_the_best_are_chosen_up_to_the_limit() -> None:
    assert [hit.seq for hit in choose([5, 3, 8], {5: 1, 3: 1, 8: 1}, limit=2, budget=None)] == [
        5,
        3,
    ]


def test_what_does_not_fit_leaves_its_place_to_something_smaller() -> None:
    chosen = choose([5, 3, 8], {5: 60, 3: 50, 8: 40}, limit=3, budget=100)

    assert [hit.seq for hit in chosen] == [5, 8]


def test_nothing_fits_a_tiny_budget() -> None:
    assert choose([5], {5: 60}, limit=3, budget=50) == []


def test_neighbours_stand_in_reading_order_and_none_is_given_twice() -> None:
    hits = [Chosen(5), Chosen(7)]
    tokens = dict.fromkeys(range(1, 11), 1)

    add_neighbours(hits, around_in_order([5, 7], before=2, after=2), tokens, left=100)

    assert hits == [Chosen(5, before=[3, 4], after=[6]), Chosen(7, before=[], after=[8, 9])]


def test_neighbours_share_what_the_hits_left_the_best_hit_first() -> None:
    hits = [Chosen(5), Chosen(20)]

    near = around_in_order([5, 20], before=1, after=1)
    add_neighbours(hits, near, dict.fromkeys(range(1, 30), 10), left=25)

    assert hits == [Chosen(5, before=[4], after=[6]), Chosen(20)]


def test_a_message_that_may_not_be_given_ends_its_side() -> None:
    hits = [Chosen(5)]

    add_neighbours(hits, around_in_order([5], before=2, after=2), {3: 1, 6: 1}, left=100)

    assert hits == [Chosen(5, before=[], after=[6])]


def test_neighbours_by_time_need_not_be_neighbours_by_arrival() -> None:
    hits = [Chosen(5)]

    add_neighbours(hits, {5: Around([90, 91], [2])}, dict.fromkeys((2, 90, 91), 1), left=100)

    assert hits == [Chosen(5, before=[91, 90], after=[2])]
