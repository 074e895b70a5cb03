"""What people are told to install is there, and brings what was missing."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from longroom.doctor.installation import NEEDED, OPTIONAL
from retrieval.installing import PROGRAMS, SOURCE, extra_installed, programs_installed

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
PACKAGES = ("agent", "backend_stub", "longroom", "retrieval")


def _pinned() -> set[str]:
    lines = (ROOT / PROGRAMS.removeprefix("-r ")).read_text().splitlines()
    return {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}


@pytest.mark.parametrize("extra", [*NEEDED, *OPTIONAL])
def test_what_a_program_needs_is_in_what_is_to_be_installed(extra: str) -> None:
    if extra == "sentence-transformers":
        assert f"'.[{extra}]'" in extra_installed(extra)
        return
    needed = {canonicalize_name(Requirement(text).name) for text in EXTRAS[extra]}
    assert needed - {"longroom"} <= _pinned()


def test_the_command_can_be_pasted() -> None:
    assert programs_installed().startswith(f"cd {ROOT} && ")
    assert SOURCE == ROOT


def test_nobody_is_told_to_install_what_is_not_published() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    files += [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")]
    told = [
        file
        for file in files
        if "install longroom" in (text := file.read_text()) or "install 'longroom" in text
    ]
    assert told == []
