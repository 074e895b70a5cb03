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
        _layers(container, contract["layers"])
        for contract in contracts
        for container in contract.get("containers", [""])
    ]


def _layers(package: str, contract: list[str]) -> Layers:
    rows = tuple(tuple(name.strip() for name in row.split("|")) for row in contract)
    names = [name for row in rows for name in row]
    return Layers(package, rows, frozenset(_essential(_imports(package, names))))


def _imports(package: str, names: list[str]) -> set[Arrow]:
    graph = import_graph()
    prefix = f"{package}." if package else ""
    return {
        (importer, imported)
        for importer in names
        for imported in names
        if importer != imported
        and graph.direct_import_exists(
            importer=prefix + importer, imported=prefix + imported, as_packages=True
        )
    }


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
