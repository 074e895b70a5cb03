"""The page of results shows what was recorded, of whatever shape."""

from benchmarks.record import shareable
from benchmarks.results_table import flat, table, tables


def test_alike_parts_become_rows_of_one_table() -> None:
    (page,) = tables({"stock": {"ms": 2.5, "turns": 2000}, "ours": {"ms": 1.0, "turns": 10000}})

    assert page.splitlines() == [
        "|  | ms | turns |",
        "| --- | --: | --: |",
        "| stock | 2.5 | 2,000 |",
        "| ours | 1 | 10,000 |",
    ]


def test_parts_inside_a_part_get_a_table_of_their_own() -> None:
    by_size, rest = tables({"sizes": {"1000": {"ms": {"p50": 1.5}}}, "per_second": 300})

    assert by_size.splitlines()[0] == "| sizes | ms p50 |"
    assert by_size.splitlines()[2] == "| 1000 | 1.5 |"
    assert rest.splitlines()[2] == "| per_second | 300 |"


def test_steps_are_numbered() -> None:
    (page,) = tables({"steps": [{"rooms": 8}, {"rooms": 16}]})

    assert page.splitlines()[2:] == ["| 1 | 8 |", "| 2 | 16 |"]


def test_a_single_part_is_listed_with_the_rest() -> None:
    (page,) = tables({"kills": 20, "back_s": {"p50": 0.4, "p95": 0.5}})

    assert "| back_s p95 | 0.5 |" in page.splitlines()


def test_wanted_columns_only_and_a_dash_for_what_is_not_known() -> None:
    page = table({"ours": {"auroc": None, "other": 1}}, columns={"auroc": "AUROC"})

    assert page.splitlines() == ["|  | AUROC |", "| --- | --: |", "| ours | – |"]


def test_figures_inside_figures_get_both_names() -> None:
    assert flat({"ms": {"p50": 1, "p95": 2}, "n": 3}) == {"ms p50": 1, "ms p95": 2, "n": 3}


def test_a_recorded_command_names_no_folder_of_the_machine() -> None:
    command = ["make", "bench-recall", "DATA=/home/someone/data/locomo.json", "/srv/x.json", "N=2"]

    assert shareable(command) == "make bench-recall DATA=locomo.json x.json N=2"
