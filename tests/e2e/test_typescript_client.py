"""The TypeScript client is today's API, builds, and passes its Node tests on a real backend."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.openapi import FILE, document
from tests.support.backend_under_test import BackendUnderTest

FOLDER = FILE.parent / "typescript"
EXAMPLE = FILE.parents[1] / "examples" / "voice"
GENERATED = FOLDER / "src" / "schema.ts"
MAKE = "run `make typescript-client`"

node = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node")


def _npm(folder: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["npm", "--no-progress", *arguments],
        cwd=folder,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with what its lock file names installed, and today's description beside it."""
    parent = tmp_path_factory.mktemp("clients")
    folder = parent / "typescript"
    left_out = shutil.ignore_patterns("node_modules", "dist", "build")
    shutil.copytree(FOLDER, folder, ignore=left_out)
    (parent / FILE.name).write_text(document(), encoding="utf-8")
    installed = _npm(folder, "ci")
    assert installed.returncode == 0, installed.stderr
    return folder


def test_the_committed_description_is_today_s() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), MAKE


@pytest.mark.parametrize("folder", [FOLDER, EXAMPLE], ids=lambda folder: str(folder.name))
def test_a_lock_file_names_no_registry(folder: Path) -> None:
    assert '"resolved"' not in (folder / "package-lock.json").read_text(encoding="utf-8")


@node
def test_the_committed_types_are_those_of_today_s_description(package: Path) -> None:
    generated = _npm(package, "run", "generate")

    assert generated.returncode == 0, generated.stderr
    schema = (package / "src" / "schema.ts").read_text(encoding="utf-8")
    assert schema == GENERATED.read_text(encoding="utf-8"), MAKE


@node
def test_it_builds_and_passes_its_tests_on_a_real_backend(
    package: Path, clients_backend: BackendUnderTest
) -> None:
    built = _npm(package, "run", "build")
    env = {"LONGROOM_URL": clients_backend.url, "LONGROOM_KEY": clients_backend.key or ""}
    tested = _npm(package, "test", **env)

    assert built.returncode == 0, built.stdout
    assert tested.returncode == 0, tested.stdout
    assert "# fail 0" in tested.stdout
    assert "# skipped 0" in tested.stdout
