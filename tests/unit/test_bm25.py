import math

import numpy as np
import pytest

from retrieval.columns import best_places
from retrieval.search.lexical import bm25
from retrieval.search.lexical.bm25 import LexicalScores
from retrieval.search.lexical.passage_keys import PASSAGE_BITS
from retrieval.search.lexical.postings import MAX_POSTINGS, Postings, frequency, only_in
from retrieval.text.terms.asked import QueryTerm


def _postings(
    term: str, places: list[tuple[int, int]], *, words: int = 10, times: int = 1
) -> Postings:
    return Postings(
        term=term,
        seq=np.array([seq for seq, _ in places], dtype=np.int64),
        passage=np.array([passage for _, passage in places], dtype=np.int64),
        occurrences=np.full(len(places), times, dtype=np.int64),
        passage_words=np.full(len(places), words, dtype=np.int64),
        frequency=float(len(places)),
        capped=False,
    )


def _score(*postings: Postings, passages: int = 10, lexemes: int = 100) -> LexicalScores:
    asked = [QueryTerm({one.term: 1.0}) for one in postings]
    return bm25.score(asked, postings, passages=passages, lexemes=lexemes)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    assert bm25.inverse_frequency(1, 100) == pytest.approx(math.log(1 + 99.5 / 1.5))
    assert bm25.inverse_frequency(1, 100) > bm25.inverse_frequency(50, 100)


def test_a_word_that_is_everywhere_weighs_little_but_never_less_than_nothing() -> None:
    assert 0 <= bm25.inverse_frequency(100, 100) < 0.01
    assert bm25.inverse_frequency(120, 100) == 0


def test_more_occurrences_add_less_and_long_passages_count_less() -> None:
    # 1/(1+0.9·1) at average length; 2/(2+0.9); 1/(1+0.9·(0.6+0.4·2)) at twice the length
    words = np.array([10, 10, 20])

    found = bm25.saturation(np.array([1, 2, 1]), words, average=10.0)

    assert found == pytest.approx([1 / 1.9, 2 / 2.9, 1 / 2.26])


def test_the_score_is_the_share_of_the_whole_query_that_a_passage_has() -> None:
    found = _score(_postings("tea", [(3, 0)]), _postings("milk", []))
    rare, unknown = bm25.inverse_frequency(1, 10), bm25.inverse_frequency(0, 10)

    assert found.of(np.array([2, 3]))[0] == pytest.approx([0, rare / 1.9 / (rare + unknown)])


def test_a_message_counts_with_its_best_passage() -> None:
    found = _score(_postings("tea", [(3, 0), (3, 1)]), _postings("milk", [(3, 1)]))

    assert found.top(5).tolist() == [3]
    assert found.of(np.array([3]))[0] == pytest.approx([found.passages(3)[1]])
    assert found.passages(3)[1] > found.passages(3)[0]
    assert found.of(np.array([3]))[1].sum() == pytest.approx(found.passages(3)[1])


def test_words_spread_over_passages_do_not_add_up() -> None:
    spread = _score(_postings("tea", [(3, 0)]), _postings("milk", [(3, 1)]))

    assert np.count_nonzero(spread.of(np.array([3]))[1]) == 1


def test_shares_of_the_terms_stand_in_the_rows_of_their_terms() -> None:
    found = _score(_postings("tea", [(1, 0), (4, 0)]), _postings("milk", [(4, 0)]))

    matrix = found.of(np.array([1, 2, 4]))[1]

    assert (matrix > 0).tolist() == [[True, False, True], [False, False, True]]
    assert matrix.sum(axis=0) == pytest.approx(found.of(np.array([1, 2, 4]))[0])


def test_a_code_that_occurs_nowhere_costs_nothing() -> None:
    order, code = _postings("order", [(1, 0)]), _postings("=a-77", [])
    asked = [QueryTerm({"order": 1.0}), QueryTerm({"=a-77": 1.0}, required=False)]

    with_it = bm25.score(asked, [order, code], passages=10, lexemes=100)

    assert with_it.of(np.array([1]))[0] == pytest.approx(_score(order).of(np.array([1]))[0])


def test_a_name_counts_as_one_where_few_messages_have_it() -> None:
    names = [QueryTerm({"tavrek": 1.0}, name=True), QueryTerm({"anna": 1.0}, name=True)]
    postings = [
        _postings("tavrek", [(1, 0), (4, 0)]),
        _postings("anna", [(seq, 0) for seq in range(9)]),
        _postings("lamp", [(1, 0)]),
    ]

    found = bm25.score([*names, QueryTerm({"lamp": 1.0})], postings, passages=100, lexemes=900)

    assert found.named.tolist() == [True, False, False]


def test_of_the_spellings_of_one_word_a_passage_counts_the_best() -> None:
    asked = [QueryTerm({"colour": 1.0, "color": 0.5})]
    postings = [_postings("colour", [(1, 0), (2, 0)]), _postings("color", [(2, 0), (3, 0)])]

    found = bm25.score(asked, postings, passages=10, lexemes=100)

    exact, both, other = found.of(np.array([1, 2, 3]))[0]
    assert exact == both
    assert other == pytest.approx(exact / 2)
    assert found.of(np.array([1, 2, 3]))[1].shape == (1, 3)


def test_no_terms_find_nothing() -> None:
    found = _score()

    assert found.of(np.array([1, 2]))[0].tolist() == [0, 0]
    assert found.of(np.array([1, 2]))[1].shape == (0, 2)
    assert found.top(10).tolist() == []


def test_how_common_a_word_is_follows_from_the_density_of_its_newest_occurrences() -> None:
    every_third = np.arange(MAX_POSTINGS * 3, 0, -3)[:MAX_POSTINGS]

    estimated = frequency(every_third, messages=120_000, passages=120_000)

    assert estimated == pytest.approx(40_000, rel=0.01)


def test_a_word_below_the_cap_is_counted() -> None:
    assert frequency(np.array([9, 5, 1]), messages=120_000, passages=120_000) == 3


def test_the_best_passage_of_a_message_is_its_first_where_several_are_equal() -> None:
    tea = _postings("tea", [(9, 2), (9, 1), (9, 0), (4, 1), (2, 0)])
    milk = _postings("milk", [(9, 2), (9, 1), (4, 1), (4, 0)])

    found = _score(tea, milk, passages=50, lexemes=500)

    best = (found.key[found.best_passage] & 0xFFFF).tolist()
    assert dict(zip(found.seq.tolist(), best, strict=True)) == {2: 0, 4: 1, 9: 1}
    some = np.array([2, 3, 4, 9])
    assert found.of(some)[1].sum(axis=0) == pytest.approx(found.of(some)[0])
    assert found.of(some)[0][1] == 0


def test_words_that_occur_nowhere_cover_nothing() -> None:
    found = _score(_postings("tea", []))

    assert found.of(np.array([1, 2]))[1].tolist() == [[0, 0]]
    assert found.top(5).tolist() == []


def test_postings_are_narrowed_to_some_messages_and_weigh_what_they_did() -> None:
    narrowed = only_in(np.array([3, 5, 9]), _postings("tea", [(9, 1), (9, 0), (6, 0), (3, 0)]))

    assert narrowed.seq.tolist() == [9, 9, 3]
    assert narrowed.passage.tolist() == [1, 0, 0]
    assert narrowed.frequency == 4
    assert only_in(np.array([], dtype=np.int64), narrowed).seq.tolist() == []


def test_the_best_places_are_those_of_a_stable_sort() -> None:
    values = np.random.default_rng(3).integers(0, 20, size=300).astype(np.float64)

    for count in (0, 1, 17, 299, 300, 500):
        expected = np.argsort(-values, kind="stable")[:count]
        assert best_places(values, count).tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_scores_of_some_messages_are_those_of_their_postings_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    asked, postings = [], []
    for number in range(int(random.integers(1, 7))):
        places = sorted({(int(seq), int(seq) % 3) for seq in random.integers(1, 40, size=9)})
        terms = [f"word{number}", f"form{number}"][: int(random.integers(1, 3))]
        asked.append(QueryTerm(dict.fromkeys(terms, 1.0), name=bool(number % 2)))
        postings += [_postings(term, places, times=int(random.integers(1, 4))) for term in terms]
    seqs = np.flatnonzero(random.random(45) < random.choice([0.0, 0.1, 0.5, 1.0]))
    near = [only_in(seqs, one) for one in postings]

    found = bm25.score(asked, postings, passages=40, lexemes=300)
    expected = bm25.score(asked, near, passages=40, lexemes=300)

    for mine, its in zip(found.of(seqs), expected.of(seqs), strict=True):
        assert mine.tolist() == its.tolist()
    for seq in seqs.tolist():
        assert found.passages(seq) == expected.passages(seq)


@pytest.mark.parametrize("seed", range(10))
def test_each_passage_gains_by_the_best_spelling_of_each_term(seed: int) -> None:
    random = np.random.default_rng(seed)
    asked, postings, gains = [], [], []
    for number in range(int(random.integers(1, 5))):
        weights = {f"{number} {form}": float(random.random()) for form in range(number % 3 + 1)}
        asked.append(QueryTerm(weights))
        best: dict[tuple[int, int], float] = {}
        for term, weight in weights.items():
            places = sorted({(int(seq), 0) for seq in random.integers(1, 30, size=8)}, reverse=True)
            times = int(random.integers(1, 4))
            postings.append(_postings(term, places, times=times, words=10))
            for place in places:
                gain = weight * bm25.inverse_frequency(len(places), 40) * times / (times + 0.9)
                best[place] = max(gain, best.get(place, 0.0))
        gains.append(best)

    _, by_term = bm25.score(asked, postings, passages=40, lexemes=400).of(np.arange(31))

    most = by_term.sum() / sum(sum(best.values()) for best in gains)
    expected = [[best.get((seq, 0), 0.0) * most for seq in range(31)] for best in gains]
    assert by_term == pytest.approx(np.array(expected))


@pytest.mark.parametrize("apart", [1, 1000], ids=["close together", "far apart"])
@pytest.mark.parametrize("most_passages", [1, 3])
def test_every_passage_is_scored_once_with_all_its_terms(apart: int, most_passages: int) -> None:
    chance = np.random.default_rng(most_passages)
    places = {
        term: sorted(
            {
                (int(seq) * apart + 7, int(passage))
                for seq, passage in chance.integers(0, [200, most_passages], size=(80, 2))
            },
            reverse=True,
        )
        for term in ("tea", "milk", "sugar")
    }
    found = _score(*(_postings(term, said) for term, said in places.items()), passages=600)

    every = sorted({place for said in places.values() for place in said})
    assert found.key.tolist() == [seq << PASSAGE_BITS | passage for seq, passage in every]
    for place, (term, said) in enumerate(places.items()):
        gains = found.gain_term == place
        keys = found.key[found.gain_place[gains]].tolist()
        assert keys == [seq << PASSAGE_BITS | passage for seq, passage in said], term
    assert found.score == pytest.approx(
        np.bincount(found.gain_place, weights=found.gain, minlength=len(every))
    )
