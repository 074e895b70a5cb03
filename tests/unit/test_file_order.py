"""Parallel runs hand out files in an order that names them."""

from collections import Counter
from pathlib import Path

from tests.support.file_order import GROUPS, LONGEST, group_of, next_group, place_of

TESTS = Path(__file__).parents[1]


def test_every_file_that_is_named_exists() -> None:
    assert set(LONGEST) <= {path.stem for path in TESTS.rglob("test_*.py")}


def test_no_two_files_outside_of_packages_have_the_same_name() -> None:
    files = (
        path for path in TESTS.rglob("test_*.py") if not (path.parent / "__init__.py").exists()
    )
    names = Counter(path.name for path in files)

    assert [name for name, count in names.items() if count > 1] == []


def test_files_that_start_rooms_share_what_they_need_for_it() -> None:
    files = (path for kind in ("e2e", "browser") for path in (TESTS / kind).glob("test_*.py"))
    users = {path.stem for path in files if "stack: Stack" in path.read_text()}

    assert users == set(GROUPS)


def test_a_file_is_run_by_one_process() -> None:
    assert group_of("tests/unit/test_a.py::test_b[c::d]") == "tests/unit/test_a.py"


def test_the_longest_come_first_and_then_kind_by_kind() -> None:
    long, e2e, contract = (
        TESTS / "e2e" / f"{LONGEST[-1]}.py",
        TESTS / "e2e" / "test_tracing.py",
        TESTS / "contract" / "test_messages.py",
    )

    assert sorted([contract, e2e, long], key=place_of) == [long, e2e, contract]


def test_a_third_group_with_rooms_waits_while_there_is_something_else() -> None:
    waiting = ["rooms 3", "a.py", "b.py"]

    assert next_group(waiting, ["rooms 1", "c.py"]) == "rooms 3"
    assert next_group(waiting, ["rooms 1", "rooms 2", "c.py"]) == "a.py"
    assert next_group(["rooms 3"], ["rooms 1", "rooms 2"]) == "rooms 3"
