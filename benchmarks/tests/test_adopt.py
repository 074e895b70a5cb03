"""The two programs of `bench-adopt` differ by the memory and by nothing else."""

from pathlib import Path

from benchmarks.adopt.__main__ import added_lines, changed_lines


def test_five_lines_bring_the_memory() -> None:
    assert 0 < added_lines() <= 5


def test_every_changed_line_is_about_the_memory_or_the_worker() -> None:
    words = ("Longroom", "memory", "serve", "import")
    assert all(any(word in line for word in words) for line in changed_lines())


def test_the_agents_are_the_same_in_both() -> None:
    folder = Path(__file__).parents[1] / "adopt"
    agents = [
        (folder / f"{name}_agent.py").read_text().split("class Concierge")[1].split("async def")[0]
        for name in ("plain", "remembering")
    ]
    assert agents[0].split("@server")[0].strip() == agents[1].strip()
