"""The layers that the import contracts of pyproject.toml name, and the imports between them."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp  # comes with import-linter

Arrow = tuple[str, str]
"""Importer and imported."""


@dataclass(frozen=True)
class Layers:
    """`rows` are a package's folders and modules, the highest layer first."""

    package: str
    rows: tuple[tuple[str, ...], ...]
    arrows: frozenset[Arrow]


@cache
def import_graph() -> grimp.ImportGraph:
    return grimp.build_graph("agent", "backend_stub", "longroom", "retrieval", cache_dir=None)


def layers_of_contracts(pyproject: Path) -> list[Layers]:
    """One for each layer contract; `package` is empty for the contract between the packages."""
    settings = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]
    contracts = (one for one in settings["contracts"] if one["type"] == "layers")
    return [
        _layers(container, contract["layers"], contract.get("ignore_imports", []))
        for contract in contracts
        for container in contract.get("containers", [""])
    ]


def _layers(package: str, contract: list[str], exceptions: list[str]) -> Layers:
    rows = [tuple(name.strip() for name in row.split("|")) for row in contract]
    for exception in exceptions:
        _add_below(rows, exception)
    names = [name for row in rows for name in row]
    return Layers(package, tuple(rows), frozenset(_essential(_imports(package, names))))


def _add_below(rows: list[tuple[str, ...]], exception: str) -> None:
    """A part of a high package that a lower one may import is a box below that one."""
    importer, imported = (name.strip().removesuffix(".**") for name in exception.split("->"))
    place = next(number for number, row in enumerate(rows) if importer in row)
    rows.insert(place + 1, (imported,))


def _imports(package: str, names: list[str]) -> set[Arrow]:
    graph = import_graph()
    prefix = f"{package}." if package else ""
    # Of boxes of which one is in another, a module belongs to the inner one.
    boxes = sorted((prefix + name for name in names), key=len, reverse=True)
    box_of = {module: _box(module, boxes) for module in graph.modules}
    return {
        (importer.removeprefix(prefix), imported.removeprefix(prefix))
        for module, importer in box_of.items()
        for imported in (box_of[one] for one in graph.find_modules_directly_imported_by(module))
        if importer and imported and importer != imported
    }


def _box(module: str, boxes: list[str]) -> str:
    return next((box for box in boxes if f"{module}.".startswith(f"{box}.")), "")


def _essential(arrows: set[Arrow]) -> Iterator[Arrow]:
    """Those that do not follow from others: a picture of all of them shows nothing."""
    below: dict[str, set[str]] = {}
    for importer, imported in arrows:
        below.setdefault(importer, set()).add(imported)
    for importer, imported in arrows:
        detours = below[importer] - {imported}
        if not any(imported in _reached(detour, below) for detour in detours):
            yield importer, imported


def _reached(start: str, below: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = below.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    return reached
