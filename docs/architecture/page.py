"""Everything that `make architecture` writes: pictures, and the marked parts of the page."""

import ast
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from docs.architecture.layer_picture import layer_picture
from docs.architecture.layers import layers_of_contracts
from docs.architecture.walk_picture import walk_picture
from docs.architecture.walks import Walk, check, read_walks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
IMAGES = ROOT / "docs" / "images"
WALKS = Path(__file__).with_name("walks.toml")

DRAWN = re.compile(
    r"(?P<begin><!-- drawn: (?P<kind>folders|walk) (?P<name>[^>]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)


def drawn() -> dict[Path, str]:
    """The text of each file, by its path. Raises BrokenWalk."""
    walks = read_walks(WALKS)
    check(walks, ROOT)
    files = {
        IMAGES / f"layers-{layers.package or 'packages'}.svg": layer_picture(layers)
        for layers in layers_of_contracts(ROOT / "pyproject.toml")
    }
    for picture, columns in groupby(walks, key=lambda walk: walk.picture):
        files[IMAGES / f"{picture}.svg"] = walk_picture(list(columns))
    files[PAGE] = _with_lists(PAGE.read_text(encoding="utf-8"), walks)
    return files


def _with_lists(page: str, walks: list[Walk]) -> str:
    by_title = {walk.title: walk for walk in walks}

    def filled(part: re.Match[str]) -> str:
        name = part["name"]
        lines = _folders(name) if part["kind"] == "folders" else _steps(by_title[name])
        return "".join([part["begin"], *(f"{line}\n" for line in lines), part["end"]])

    return DRAWN.sub(filled, page)


def _steps(walk: Walk) -> Iterator[str]:
    for number, step in enumerate(walk.steps, start=1):
        path, name = step.function.path, step.function.name
        yield f"{number}. [{path}](../{path}) `{name}`. {step.what}"


def _folders(package: str) -> list[str]:
    """A row for each folder of a package, with the first line of its `__init__.py`."""
    folders = sorted(path.parent for path in (ROOT / package).glob("*/**/__init__.py"))
    rows = [
        f"| [{path.relative_to(ROOT / package)}/](../{path.relative_to(ROOT)}) | {_purpose(path)} |"
        for path in folders
    ]
    return ["| folder | what it is |", "|---|---|", *rows]


def _purpose(folder: Path) -> str:
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]
