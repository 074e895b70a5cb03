"""What the Dockerfile copies into an image is all that its program imports of ours."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"agent", "backend_stub", "longroom", "retrieval"}
CLIENT = ROOT / "longroom" / "client"
PROGRAMS = {"agent": "agent/worker.py", "backend": "backend_stub/__main__.py"}
COMMAND = "longroom/__main__.py"
COMMANDS = {"longroom/cli.py", "longroom/commands/doctor.py", "longroom/options.py"}


def copied_files(target: str) -> set[str]:
    """The Python files of an image, as paths from the root."""
    stages = re.split(r"^FROM \S+ AS ", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)
    (stage,) = (one for one in stages if one.startswith(f"{target}\n"))
    others = re.findall(r"^COPY --from=(\w+) / \./$", stage, flags=re.M)
    return _copied_from_here(stage).union(*map(copied_files, others))


def _copied_from_here(stage: str) -> set[str]:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", stage, flags=re.M)
    paths = [ROOT / source for line in copied for source in line.split()]
    files = [path for path in paths if path.is_file()]
    files += [file for path in paths if path.is_dir() for file in path.rglob("*.py")]
    return {str(file.relative_to(ROOT)) for file in files if file.suffix == ".py"}


def imported(file: Path) -> Iterator[str]:
    """Our modules that a file imports when it runs, and the names it takes from them.

    The command line imports what a command needs inside of it: not each is for each image.
    """
    lazily = file.is_relative_to(ROOT / "longroom") and not file.is_relative_to(CLIENT)
    waiting: list[ast.AST] = [ast.parse(file.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if lazily and isinstance(node, ast.FunctionDef) and node.name != "main":
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        waiting += ast.iter_child_nodes(node)


def files_of(module: str) -> list[str]:
    """Of a module and the packages that it is in; none for a name inside a module."""
    parts = module.split(".")
    above = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts))]
    path = ROOT.joinpath(*parts)
    found = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
    return [str(file.relative_to(ROOT)) for file in (*above, *found) if found and file.is_file()]


def reached(begin: list[str]) -> set[str]:
    """Files that these import, and what those import."""
    found: set[str] = set()
    waiting = [*begin]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        for module in imported(ROOT / file):
            if module.partition(".")[0] in OURS:
                waiting += files_of(module)
    return found


@pytest.mark.parametrize("target", PROGRAMS)
def test_an_image_has_every_module_that_its_programs_import(target: str) -> None:
    needed = reached([PROGRAMS[target], COMMAND])

    assert needed >= COMMANDS
    assert needed - copied_files(target) == set()
