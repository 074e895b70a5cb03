"""The functions that a turn and a write pass through: read from walks.toml, checked in the code."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.architecture.layers import import_graph

BETWEEN = ("LiveKit", "PostgreSQL", "HTTP")
"""What may stand between two steps that do not import each other."""


class BrokenWalk(Exception):
    """A walk names what is not in the code, or two steps of which none leads to the other."""


@dataclass(frozen=True)
class Function:
    """`name` is that inside the module, such as `Recall.take`."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def path(self) -> str:
        """The file, relative to the root of the repository."""
        return f"{self.module.replace('.', '/')}.py"


@dataclass(frozen=True)
class Step:
    """`caller` is None for the first step of a walk that nothing in the code leads to."""

    function: Function
    caller: Function | None
    by: str
    what: str


@dataclass(frozen=True)
class Walk:
    """`picture` is the drawing of which the walk is a column."""

    picture: str
    title: str
    steps: tuple[Step, ...]


def read_walks(table: Path) -> list[Walk]:
    """Raises BrokenWalk."""
    return [
        Walk(walk["picture"], walk["title"], tuple(_steps(walk["steps"])))
        for walk in tomllib.loads(table.read_text(encoding="utf-8"))["walk"]
    ]


def check(walks: list[Walk], root: Path) -> None:
    """Raises BrokenWalk."""
    for walk in walks:
        for step in walk.steps:
            _check_that_it_exists(step.function, root)
            if step.caller is not None:
                _check_that_it_exists(step.caller, root)
                _check_that_it_is_reached(step, step.caller)


def _steps(rows: list[dict[str, str]]) -> Iterator[Step]:
    before = None
    for row in rows:
        function = _function(row["function"])
        yield Step(function, _caller(row, before), row.get("by", "call"), row["what"])
        before = function


def _caller(row: Mapping[str, str], before: Function | None) -> Function | None:
    return _function(row["caller"]) if "caller" in row else before


def _function(dotted: str) -> Function:
    parts = dotted.split(".")
    graph = import_graph()
    for length in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:length])
        if module in graph.modules and not graph.find_children(module):
            return Function(module, ".".join(parts[length:]))
    raise BrokenWalk(f"{dotted}: no such module")


def _check_that_it_exists(function: Function, root: Path) -> None:
    tree = ast.parse((root / function.path).read_text(encoding="utf-8"))
    if function.name not in _defined(tree):
        raise BrokenWalk(f"{function.path} has no {function.name}")


def _defined(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from _defined(node, f"{prefix}{node.name}.")


def _check_that_it_is_reached(step: Step, caller: Function) -> None:
    if step.by in BETWEEN:
        return
    match step.by:
        case "call":
            importer, imported = caller.module, step.function.module
        case "callback":
            importer, imported = step.function.module, caller.module
        case _:
            raise BrokenWalk(f"{step.function}: by = {step.by!r} is not known")
    if importer != imported and not import_graph().chain_exists(importer, imported):
        raise BrokenWalk(
            f"{caller} does not lead to {step.function}: {importer} never imports {imported}"
        )
