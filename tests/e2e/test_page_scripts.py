"""The pages' scripts: their own tests pass, and what is committed is what they build to."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from testbed.program import ROOT

STATIC = Path("backend_stub") / "pages" / "static"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, with what its lock file names installed."""
    if not shutil.which("npm"):
        pytest.skip("needs npm")
    folder = tmp_path_factory.mktemp("pages") / "clients" / "pages"
    shutil.copytree(
        ROOT / "clients" / "pages", folder, ignore=shutil.ignore_patterns("node_modules")
    )
    npm(folder, "ci", "--no-progress")
    return folder


def npm(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["npm", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_types_are_right_and_the_logic_passes_its_tests(sources: Path) -> None:
    npm(sources, "run", "check")
    assert "# fail 0" in npm(sources, "test")


def test_what_is_served_is_what_the_sources_build_to(sources: Path) -> None:
    npm(sources, "run", "build")
    built = json.loads((sources.parents[1] / STATIC / "vendored.json").read_text("utf-8"))

    assert built == json.loads((ROOT / STATIC / "vendored.json").read_text("utf-8"))
